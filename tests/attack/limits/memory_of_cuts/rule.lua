-- What a cut behind a condition has to remember as well.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    pcall(function() return hub:outgoing("transfer"):where("amount", ">=", 0):latest(150000):count() end)
    return { decision = "allow" }
  end,
}
