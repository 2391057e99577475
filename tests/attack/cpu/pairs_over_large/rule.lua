-- pairs begun again and again and left at once.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 5000 do t["k" .. i] = i end
    while true do for _ in pairs(t) do break end end
  end,
}
