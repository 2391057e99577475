-- A comparator that catches the limit and answers at random.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 1000 do t[i] = i % 7 end
    while true do table.sort(t, function(a, b) pcall(function() while true do end end) return true end) end
  end,
}
