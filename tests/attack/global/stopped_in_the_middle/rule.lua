-- The run is stopped while it changes things: half of them are changed.
local kept = {}

return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do kept[#kept + 1] = 1 if #kept == 1000 then for i = 1000, 1, -1 do kept[i] = nil end end end
    return { decision = "allow" }
  end,
}
