-- A loop over more nodes than there is a budget for.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    for _, leaf in hub:outgoing("transfer"):each() do
      assert(leaf)
    end
    return { decision = "allow" }
  end,
}
