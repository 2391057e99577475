-- The stock quicksort takes quadratic time on crafted input.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 20000 do t[i] = (i * 7919) % 20011 end
    while true do table.sort(t, function(a, b) return a > b end) end
  end,
}
