return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _ in (("("):rep(100000)):gmatch("%b()") do end
  end,
}
