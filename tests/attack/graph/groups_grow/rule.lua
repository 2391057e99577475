-- A grouping of a grouping of a grouping.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = graph:node("Account", 50000):outgoing("transfer"):group({ w = "count" })
    for _ = 1, 1e9 do
      set = set:outgoing("transfer"):group({ w = { sum = "w" } })
    end
    return { decision = "allow" }
  end,
}
