-- __concat within itself.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t
    t = setmetatable({}, { __concat = function(a, b) return "x" .. (a .. b) end })
    return t .. t
  end,
}
