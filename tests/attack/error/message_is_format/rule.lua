-- Directives of printf in a message.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    error("%n%n%s%99999d%*d", 0)
  end,
}
