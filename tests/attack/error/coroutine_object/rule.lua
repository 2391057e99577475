-- A suspended coroutine as the error.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    error(coroutine.create(function() while true do end end))
  end,
}
