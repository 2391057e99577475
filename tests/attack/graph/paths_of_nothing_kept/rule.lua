-- Paths asked for again and again, none kept.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    for _ = 1, 1e9 do
      graph:node("Account", 50000):outgoing("transfer"):latest(3):paths({ hops = 4 })
    end
    return { decision = "allow" }
  end,
}
