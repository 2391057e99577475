-- The host must not ask an error object for its text: __tostring would run after all limits.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function endless() while true do end end
    error(setmetatable({}, { __tostring = endless, __index = endless, __concat = endless, __metatable = endless, __name = "x" }))
  end,
}
