-- Doubles with each a?: 25 s in a stock state at 26 of them.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return (("a"):rep(28)):find(("a?"):rep(28) .. ("a"):rep(28) .. "b")
  end,
}
