-- The same with a comparator.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 32000 do t[i] = i % 977 end
    table.sort(t, function(a, b) return a < b end)
  end,
}
