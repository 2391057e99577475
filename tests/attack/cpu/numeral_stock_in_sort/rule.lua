-- As a comparator.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 200 do t[i] = i .. "e300" end
    while true do pcall(table.sort, t, math.atan2) end
  end,
}
