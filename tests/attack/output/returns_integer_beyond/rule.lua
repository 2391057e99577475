-- An integer beyond 2^53 where `returns` declares one.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { n = "integer" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = { n = 2 ^ 60 } }
  end,
}
