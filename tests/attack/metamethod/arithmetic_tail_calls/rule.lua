-- The same in tail calls: what asked the metamethod waits all the same.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = {}
    mt.__add = function(a, b) return a - b end
    mt.__sub = function(a, b) return a * b end
    mt.__mul = function(a, b) return a + b end
    local t = setmetatable({}, mt)
    while true do pcall(function() return t + t end) end
  end,
}
