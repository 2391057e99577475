-- The same of time.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { time = "5ms" },
  evaluate  = function(graph, request)
    while true do end
  end,
}
