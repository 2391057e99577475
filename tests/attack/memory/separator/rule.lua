-- The separator is what grows.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = ("x"):rep(100, ("y"):rep(50000)) }
  end,
}
