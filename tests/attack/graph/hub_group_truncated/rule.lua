-- A cut before the grouping keeps the price of the supernode at that of the cut.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local latest = hub:outgoing("transfer"):latest(500)
    local rows = latest:group({ n = "count", sum = { sum = "amount" } })
    assert(rows:sum("n") == 500 and rows:count() == latest:distinct())
    assert(rows:sorted("-sum", 3):count() == 3)
    return { decision = "allow" }
  end,
}
