-- One row, but all edges of the supernode for it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    graph:set({ hub }):outgoing("transfer"):group({ by = "start", sum = { sum = "amount" } })
    return { decision = "allow" }
  end,
}
