-- Reasons that come from __index.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", reasons = setmetatable({}, { __index = function() return "x" end, __len = function() return 3 end }) }
  end,
}
