-- A key beyond 2^53.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { [2 ^ 60] = 1 } }
  end,
}
