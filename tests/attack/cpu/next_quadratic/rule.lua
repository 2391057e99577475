return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 3000 do t["k" .. i] = i end
    while true do
      t.zzz = nil
      next(t, "k1")
      next(t, "k2")
    end
  end,
}
