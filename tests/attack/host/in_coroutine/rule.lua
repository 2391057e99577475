return {
  name      = "hostile",
  reads     = {},
  functions = { "echo", "fail" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local inner = coroutine.wrap(function(a)
      while true do a = coroutine.yield(host.echo(a)) end
    end)
    for i = 1, 100 do assert(inner(i) == i) end
    local thread = coroutine.create(host.fail)
    local done, why = coroutine.resume(thread)
    assert(not done and why:find("host.fail", 1, true))
    return { decision = "allow" }
  end,
}
