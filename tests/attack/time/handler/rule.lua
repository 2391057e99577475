-- The time runs out in a handler that was called for another error.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    xpcall(error, function() while true do end end, "x")
  end,
}
