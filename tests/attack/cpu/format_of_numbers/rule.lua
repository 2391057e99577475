-- Widths and precisions at their largest.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do ("%99.99f%-99.99e%+99.99g"):format(1e308, 1e-308, 1 / 3) end
  end,
}
