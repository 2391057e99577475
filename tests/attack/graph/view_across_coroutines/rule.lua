-- A view begun in one coroutine, used in another, kept by neither.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)

    local make = coroutine.wrap(function()
      while true do coroutine.yield(graph:ego(core, { hops = 1, edges = "transfer" })) end
    end)
    for _ = 1, 200 do
      local view = make()
      local scores = coroutine.wrap(function() coroutine.yield(view:pagerank{ iterations = 2 }) end)()
      view = nil
      local step = scores:each()
      for _ = 1, 5 do coroutine.wrap(function() assert(step()) end)() end
    end
    return { decision = "allow" }
  end,
}
