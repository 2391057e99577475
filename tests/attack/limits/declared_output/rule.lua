-- The same of output.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { output = "1KiB" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = ("x"):rep(2000) }
  end,
}
