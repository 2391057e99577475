-- 250 of them: more C calls in each other than are allowed; each adds its place to the message.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local source = coroutine.wrap(function() coroutine.yield(1) end)
    for _ = 1, 250 do
      local from = source
      source = coroutine.wrap(function() for i in from do coroutine.yield(i) end end)
    end
    return { decision = source() and "allow" }
  end,
}
