return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    t.t = t
    error(setmetatable(t, { __index = t, __tostring = function() return t end }))
  end,
}
