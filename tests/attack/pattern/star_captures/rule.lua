return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return (("a"):rep(100)):find(("(a*)"):rep(20) .. "b")
  end,
}
