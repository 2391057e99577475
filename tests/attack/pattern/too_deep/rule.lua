return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return (("a"):rep(500)):find(("a?"):rep(300))
  end,
}
