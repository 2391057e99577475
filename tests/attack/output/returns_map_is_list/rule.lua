-- A list where it declares a map.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { m = "map" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = { m = { 1, 2 } } }
  end,
}
