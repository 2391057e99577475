-- Reasons with a gap, and one behind it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", reasons = { "a", nil, "c", x = "d" } }
  end,
}
