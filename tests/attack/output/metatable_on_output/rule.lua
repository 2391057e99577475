return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = setmetatable({ 1 }, { __index = function() while true do end end }) }
  end,
}
