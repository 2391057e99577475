-- Strings of one long prefix, sorted: each comparison reads all of it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, prefix = {}, ("x"):rep(10000)
    for i = 1, 30 do t[i] = prefix .. (i * 7919) % 1000 end
    while true do table.sort(t) table.sort(t, function(a, b) return a > b end) end
  end,
}
