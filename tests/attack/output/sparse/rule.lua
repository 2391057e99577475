-- An array with two elements, two thousand million apart.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { [1] = 1, [2 ^ 31] = 2, [-2 ^ 31] = 3 } }
  end,
}
