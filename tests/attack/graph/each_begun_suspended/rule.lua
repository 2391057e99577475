-- A loop begun in a coroutine that stays suspended while others step it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local following
    local holder = coroutine.create(function()
      following = request.node:both("transfer"):each()
      coroutine.yield()
      return following()
    end)
    coroutine.resume(holder)
    local first = following()
    local second = coroutine.wrap(function() return (following()) end)()
    local fine, third = coroutine.resume(holder)
    assert(fine and first ~= second and second ~= third and first ~= third)
    for edge in following do
      assert(edge ~= first and edge ~= second and edge ~= third)
    end
    return { decision = "allow" }
  end,
}
