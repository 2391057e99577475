-- __concat never answers; the other operands wait on the stack.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __concat = function() while true do end end })
    while true do pcall(function() return 1 .. "x" .. t .. "y" .. 2 end) end
  end,
}
