-- The same with all the edges it could want.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    graph:node("Account", 50000):outgoing("transfer"):cycles({ hops = 8 })
    return { decision = "allow" }
  end,
}
