-- A coroutine that the file made, and the run before resumed.
local step = coroutine.wrap(function() for i = 1, 1e9 do coroutine.yield(i) end end)
local dead = coroutine.wrap(function() error("x") end)

return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(step() == 1 and step() == 2, "resumed by an earlier run")
    for _ = 1, 100 do step() end
    local fine = pcall(dead)
    assert(not fine)
    return { decision = "allow" }
  end,
}
