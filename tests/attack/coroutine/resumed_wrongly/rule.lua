-- Dead, running, waiting and finished coroutines, resumed again with anything.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local dead = coroutine.create(function() error({}) end)
    assert(not coroutine.resume(dead))
    for _ = 1, 100 do assert(not coroutine.resume(dead, 1, 2, 3)) end
    local outer
    outer = coroutine.create(function()
      local inner = coroutine.create(function() return coroutine.resume(outer), coroutine.status(outer) end)
      return coroutine.resume(inner)
    end)
    local fine, inner_fine, resumed, status = coroutine.resume(outer)
    assert(fine and inner_fine and resumed == false and status == "normal")
    for _, value in ipairs({ 1, "x", {}, pairs, true }) do
      assert(not pcall(coroutine.resume, value) and not pcall(coroutine.status, value) and not pcall(coroutine.create, {}))
    end
    assert(not pcall(coroutine.wrap(function() end), 1) or true)
    return { decision = "allow" }
  end,
}
