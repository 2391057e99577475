-- The graph and the request as output.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { graph, request, request.params } }
  end,
}
