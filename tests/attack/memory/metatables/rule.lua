-- A metatable for every table, an __index for every metatable.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    while true do t = setmetatable({}, { __index = t }) end
  end,
}
