-- Line numbers beyond any integer, colons without end.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    error(("x:99999999999999999999: "):rep(2000), 0)
  end,
}
