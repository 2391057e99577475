-- NaN, infinities, both zeros, the smallest and the largest, in output that declares nothing.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { 0 / 0, -(0 / 0), 1 / 0, -1 / 0, 0, -0, 5e-324, 1.7976931348623157e308, 2 ^ 53, 2 ^ 63, 2 ^ 64, 0.1 } }
  end,
}
