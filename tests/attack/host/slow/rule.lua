return {
  name      = "hostile",
  reads     = {},
  functions = { "slow" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    host.slow()
    return { decision = "allow" }
  end,
}
