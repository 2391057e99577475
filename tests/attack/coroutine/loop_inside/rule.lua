return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    coroutine.resume(coroutine.create(function() while true do end end))
    return { decision = "allow" }
  end,
}
