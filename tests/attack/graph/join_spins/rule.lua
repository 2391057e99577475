-- So is joining, and adding columns.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = hub:outgoing("transfer"):latest(5000):nodes()
    while true do
      set:with({ a = 1, b = 2 }):join(set:with({ c = 3 }))
    end
    return { decision = "allow" }
  end,
}
