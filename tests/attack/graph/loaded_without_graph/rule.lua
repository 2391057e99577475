-- The graph is asked for while the rule loads.
local count = graph:node("Account", 1):outgoing("transfer"):count()

return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow" }
  end,
}
