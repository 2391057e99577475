-- Keys of several kinds that are not declared: which one is named must not depend on addresses.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { a = "integer" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = { a = 1, [{}] = 1, [true] = 2, [0.5] = 3, [pairs] = 4, zz = 5, yy = 6 } }
  end,
}
