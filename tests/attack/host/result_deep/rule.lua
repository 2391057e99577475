return {
  name      = "hostile",
  reads     = {},
  functions = { "nest" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    host.nest()
    return { decision = "allow" }
  end,
}
