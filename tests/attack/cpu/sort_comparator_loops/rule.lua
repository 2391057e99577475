return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    table.sort({ 3, 1, 2 }, function() while true do end end)
  end,
}
