-- A function as the result.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return function() return { decision = 'allow' } end
  end,
}
