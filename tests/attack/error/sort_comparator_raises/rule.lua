-- A comparator that raises at its last comparison, caught and tried again: nothing may be lost on
-- the way.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 500 do t[i] = 500 - i end
    while true do
      local calls = 0
      pcall(table.sort, t, function(a, b) calls = calls + 1 if calls > 3000 then error("x") end return a < b end)
    end
  end,
}
