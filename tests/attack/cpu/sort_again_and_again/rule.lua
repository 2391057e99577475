-- Sorting what is sorted, reversed, all equal, and sawtooth.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    while true do
      for i = 1, 2000 do t[i] = i end table.sort(t)
      for i = 1, 2000 do t[i] = -i end table.sort(t)
      for i = 1, 2000 do t[i] = 0 end table.sort(t)
      for i = 1, 2000 do t[i] = i % 7 end table.sort(t)
    end
  end,
}
