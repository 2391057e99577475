-- The same of sorts that fail at the last comparison.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 2000 do t[i] = i % 10 end
    t[2001] = "x"
    local u = {}
    for i = 1, 2000 do u[i] = -i end
    for _ = 1, 300 do
      assert(not pcall(table.sort, t))
      local n = 0
      assert(not pcall(table.sort, u, function(a, b) n = n + 1 if n > 2500 then error("late") end return a < b end))
    end
    return { decision = "allow" }
  end,
}
