-- Long native scans under a short deadline.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = hub:outgoing("transfer")
    while true do
      pcall(set.sum, set, "amount")
    end
  end,
}
