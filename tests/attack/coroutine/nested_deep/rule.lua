-- Each level takes C stack in a stock state, until the process dies.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function nest(n) return coroutine.wrap(function() return nest(n + 1) end)() end
    return nest(0)
  end,
}
