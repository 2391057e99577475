-- A decision that is a table whose __tostring says allow.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = setmetatable({}, { __tostring = function() return "allow" end, __eq = function() return true end }) }
  end,
}
