-- In a stock state the handler of an error from the hook runs with hooks off.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    xpcall(function() while true do end end, function() while true do end end)
  end,
}
