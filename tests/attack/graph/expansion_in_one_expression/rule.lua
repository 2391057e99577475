-- The same, written as one chain.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local t = "transfer"
    local far = core:both(t):nodes():both(t):nodes():both(t):nodes():both(t):nodes():both(t):nodes()
                    :both(t):nodes():both(t):nodes():both(t):nodes():both(t):nodes():both(t):nodes()
    return { decision = "allow", score = far:count() }
  end,
}
