-- table.maxn looks at every key.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 5000 do t[i + 0.5] = i end
    while true do table.maxn(t) end
  end,
}
