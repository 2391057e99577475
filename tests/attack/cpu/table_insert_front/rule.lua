-- Insertions at the front of a list that grows and shrinks.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 3000 do t[i] = i end
    while true do table.insert(t, 1, 0) table.remove(t, 1) end
  end,
}
