-- Equal values of different properties do not hash alike.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local seen, amounts = {}, {}
    for edge in me:both("transfer"):each() do
      amounts[edge.amount] = true
    end
    for node in me:both("transfer"):nodes():of("Account"):each() do
      assert(not amounts[node.risk] and node.risk ~= node.key)
      seen[node.risk] = true
    end
    assert(next(seen) and next(amounts))
    return { decision = "allow" }
  end,
}
