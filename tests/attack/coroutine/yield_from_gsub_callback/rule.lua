-- A yield out of a native function's callback.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return coroutine.wrap(function() return (("x"):gsub(".", coroutine.yield)) end)()
  end,
}
