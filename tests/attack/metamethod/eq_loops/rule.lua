-- __eq never answers; each pcall around it would go on.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = { __eq = function() while true do end end }
    local a, b = setmetatable({}, mt), setmetatable({}, mt)
    while true do pcall(function() return a == b end) end
  end,
}
