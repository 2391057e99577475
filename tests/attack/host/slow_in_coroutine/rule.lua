return {
  name      = "hostile",
  reads     = {},
  functions = { "slow" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do coroutine.resume(coroutine.create(host.slow)) end
  end,
}
