-- Numbers and strings that cannot be compared, caught each time at the end.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 3000 do t[i] = i end
    t[3000] = "x"
    while true do pcall(table.sort, t) end
  end,
}
