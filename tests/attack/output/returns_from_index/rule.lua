-- Fields that come from __index.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { a = "integer" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = setmetatable({}, { __index = function() return 1 end }) }
  end,
}
