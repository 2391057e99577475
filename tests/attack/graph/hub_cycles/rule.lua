-- Every payment of the supernode might begin a cycle.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    hub:incoming("transfer"):cycles({ hops = 3 })
    graph:node("Account", 1):outgoing("transfer"):cycles({ hops = 3, property = "amount" })
    hub:outgoing("transfer"):cycles({ hops = 2 })
    graph:set({ hub, graph:node("Account", 1) }):outgoing("transfer"):paths({ hops = 1 })
    return { decision = "allow" }
  end,
}
