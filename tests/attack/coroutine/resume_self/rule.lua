return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local co
    co = coroutine.create(function() return coroutine.resume(co) end)
    local _, inner = coroutine.resume(co)
    assert(inner == false)
    return { decision = "allow" }
  end,
}
