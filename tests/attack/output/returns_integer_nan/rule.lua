-- NaN where it declares an integer.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { n = "integer" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = { n = 0 / 0 } }
  end,
}
