-- The stack overflows through __index alone.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t
    t = setmetatable({}, { __index = function(_, k) return t[k + 1] + 1 end })
    local _ = t[1]
  end,
}
