return {
  name      = "hostile",
  reads     = {},
  functions = { 1, {}, "a b", "echo", "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow" }
  end,
}
