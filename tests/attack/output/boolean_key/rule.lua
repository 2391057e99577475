-- Keys that are booleans.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { [true] = 1, [false] = 2 } }
  end,
}
