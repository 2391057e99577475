-- A full scan of the supernode by distinct, the budget's end caught.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    pcall(function()
      return hub:outgoing("transfer"):distinct()
    end)
    return { decision = "allow" }
  end,
}
