-- pairs takes scratch memory for its notes before it meets a key that has no order: what it took
-- must come back.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { [function() end] = 1 }
    for i = 1, 200 do t["k" .. i] = i end
    for _ = 1, 2000 do assert(not pcall(pairs, t)) assert(not pcall(next, t, "k1")) end
    return { decision = "allow" }
  end,
}
