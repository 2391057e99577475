-- __le never answers.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = { __le = function() while true do end end }
    local a, b = setmetatable({}, mt), setmetatable({}, mt)
    while true do pcall(function() return a >= b end) end
  end,
}
