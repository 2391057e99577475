-- In a comparator.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    local t = {}
    for i = 1, 100 do t[i] = i end
    while true do table.sort(t, function(a, b) return a + s < b + s end) end
  end,
}
