-- Numbers are not text, though they could be made into it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", reasons = { 1, 2 } }
  end,
}
