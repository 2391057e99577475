-- Proposals that contain themselves.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local e = {}
    e.self = e
    return { decision = "allow", new_edges = { e } }
  end,
}
