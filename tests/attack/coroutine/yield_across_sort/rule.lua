return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    coroutine.wrap(function() table.sort({ 2, 1 }, coroutine.yield) end)()
  end,
}
