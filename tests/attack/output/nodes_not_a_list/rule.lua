-- Proposals that are a map.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", updated_nodes = { x = {} } }
  end,
}
