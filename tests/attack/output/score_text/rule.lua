-- A score that is text of a number.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", score = "0.5" }
  end,
}
