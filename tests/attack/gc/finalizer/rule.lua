return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    setmetatable({}, { __gc = function() while true do end end })
  end,
}
