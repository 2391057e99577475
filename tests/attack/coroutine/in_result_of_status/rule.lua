-- The state of the running coroutine and of the main one stay hidden: no running(), no
-- isyieldable().
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(coroutine.running == nil and coroutine.isyieldable == nil and coroutine.close == nil)
    assert(not pcall(coroutine.yield))
    assert(tostring(coroutine.create(pairs)) == "thread")
    return { decision = "allow" }
  end,
}
