return {
  name      = "hostile",
  reads     = {},
  functions = { "large" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    host.large()
    return { decision = "allow" }
  end,
}
