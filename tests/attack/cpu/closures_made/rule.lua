-- A closure a turn, called and dropped.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do (function(x) return x end)(1) end
  end,
}
