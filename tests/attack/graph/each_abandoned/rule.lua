-- Loops left in the middle; what they took must not be lost until the run's end.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for i = 1, 20000 do
      for edge in request.node:both("transfer"):each() do
        break
      end
    end
    return { decision = "allow" }
  end,
}
