-- next of a large table whose keys are all cleared walks through empty places, for one
-- instruction.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 8000 do t["k" .. i] = i end
    for i = 1, 8000 do t["k" .. i] = nil end
    while true do next(t) end
  end,
}
