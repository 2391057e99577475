-- pairs refuses a table after it has taken scratch memory for its keys; caught, again and
-- again, that must not add up.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { [true] = 1 }
    for i = 1, 20 do t["k" .. i] = i end
    for i = 1, 3000 do
      assert(not pcall(pairs, t))
      assert(not pcall(next, t, "k1"))
    end
    return { decision = "allow" }
  end,
}
