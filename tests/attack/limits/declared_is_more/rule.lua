-- The rule declares more than the request allows.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { instructions = 1e9 },
  evaluate  = function(graph, request)
    while true do end
  end,
}
