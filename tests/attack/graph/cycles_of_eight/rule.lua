-- All cycles of eight through a cluster: far too many to count.
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
