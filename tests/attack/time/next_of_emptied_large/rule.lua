-- The same at the largest cap.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 30000 do t[-i] = i end
    for i = 1, 30000 do t[-i] = nil end
    while true do next(t) pairs(t) table.maxn(t) end
  end,
}
