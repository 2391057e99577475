-- The rule declares less than the request allows: the smaller one stands.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { instructions = 1000 },
  evaluate  = function(graph, request)
    while true do end
  end,
}
