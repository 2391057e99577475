return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do local _ = ("%99.99f%99.99f%99.99f"):format(1e308, 1e307, 1 / 3) end
  end,
}
