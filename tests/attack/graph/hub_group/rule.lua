-- All payees of the supernode, with four aggregates each.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    hub:outgoing("transfer"):group({
      n = "count", sum = { sum = "amount" }, low = { min = "amount" }, last = { max = "time" },
    })
    return { decision = "allow" }
  end,
}
