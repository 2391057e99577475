-- __tostring that gives no string.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = tostring(setmetatable({}, { __tostring = function() return {} end })) }
  end,
}
