return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return tostring(setmetatable({}, { __tostring = function() error("inner") end }))
  end,
}
