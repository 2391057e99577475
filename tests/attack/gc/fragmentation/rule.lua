-- A thousand blocks of each size, every second one freed, then blocks of a larger size: holes
-- must be of use again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for round = 1, 30 do
      local kept = {}
      for i = 1, 200 do kept[i] = ("x"):rep(round * 40 + i % 7) .. i end
      for i = 1, 200, 2 do kept[i] = nil end
      for i = 1, 100 do kept[i * 2] = ("y"):rep(round * 45 + i % 11) .. i end
    end
    return { decision = "allow" }
  end,
}
