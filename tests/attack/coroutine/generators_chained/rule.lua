-- 150 generators, each fed by the one before, with no end.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local source = coroutine.wrap(function() for i = 1, 1e9 do coroutine.yield(i) end end)
    for _ = 1, 150 do
      local from = source
      source = coroutine.wrap(function() for i in from do coroutine.yield(i) end end)
    end
    for i in source do assert(i) end
  end,
}
