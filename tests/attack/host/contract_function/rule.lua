return {
  name      = "hostile",
  reads     = {},
  functions = { tostring },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow" }
  end,
}
