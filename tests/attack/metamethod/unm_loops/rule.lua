-- A sign in front of a table runs code.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __unm = function() while true do end end })
    while true do pcall(function() return -t end) end
  end,
}
