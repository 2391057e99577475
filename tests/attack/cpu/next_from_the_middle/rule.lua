-- next from a key in the middle, which has to find its place.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 1000 do t["k" .. i] = i end
    while true do next(t, "k500") next(t, "k499") end
  end,
}
