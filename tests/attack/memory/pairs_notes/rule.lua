return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 4000 do t["k" .. i] = i end
    local all = {}
    while true do all[#all + 1] = { pairs(t) } end
  end,
}
