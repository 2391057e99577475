-- Captures and quantifiers in turn, as deep as the matcher goes.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = ("a"):rep(1000):match(("a?"):rep(500) .. ("a"):rep(500)) }
  end,
}
