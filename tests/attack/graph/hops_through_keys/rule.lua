-- A key is a beginning of its own, which a policy of labels has to bound.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local node = graph:node("Account", 1)
    for _ = 1, 8 do
      local key = node:outgoing("transfer"):where("amount", "<", 900):first().target.key
      node = graph:node("Account", key)
    end
    assert(node)
    return { decision = "allow" }
  end,
}
