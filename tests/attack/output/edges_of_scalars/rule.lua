-- Proposals that are no tables.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", new_edges = { 1, 'x', true } }
  end,
}
