return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return (("x"):rep(100000)):match("[" .. ("a"):rep(2000) .. "]")
  end,
}
