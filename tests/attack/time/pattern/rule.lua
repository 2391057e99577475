return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return (("a"):rep(40)):find(("a?"):rep(40) .. ("a"):rep(40) .. "b")
  end,
}
