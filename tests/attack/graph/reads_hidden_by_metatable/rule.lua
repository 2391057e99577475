-- A reads table that answers otherwise the second time.
local times = 0
local asked = setmetatable({ Account = { "balance" }, transfer = {} }, {
  __index = function() times = times + 1; return times > 1 and { "pin", "risk" } or {} end,
})

return {
  name      = "hostile",
  reads     = asked,
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", score = request.node.risk }
  end,
}
