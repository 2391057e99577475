return {
  name      = "hostile",
  reads     = {},
  functions = { "ecko" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow" }
  end,
}
