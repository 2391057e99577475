-- An array with holes.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { 1, nil, 3, nil, 5 } }
  end,
}
