-- A number is no text: it must not be turned into one on the way.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    error(0 / 0)
  end,
}
