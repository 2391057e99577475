-- Every grouping is kept.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local kept = {}
    for i = 1, 1e9 do
      kept[i] = graph:node("Account", 50000):outgoing("transfer"):group({ n = "count", t = { max = "time" } })
    end
    return { decision = "allow" }
  end,
}
