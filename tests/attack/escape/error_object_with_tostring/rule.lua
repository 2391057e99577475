-- The host looks at no more than the error object's type.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    error(setmetatable({}, { __tostring = function() while true do end end }))
  end,
}
