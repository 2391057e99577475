-- Coroutines made, run once and dropped.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do coroutine.wrap(function() coroutine.yield(1) end)() end
  end,
}
