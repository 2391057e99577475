-- Ranks pushed over more nodes than there is memory for.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    pcall(function() return graph:personalised_pagerank(hub, { epsilon = 1e-12 }) end)
    return { decision = "allow" }
  end,
}
