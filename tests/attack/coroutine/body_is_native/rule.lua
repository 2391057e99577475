-- Native functions as the body of a coroutine: those that call back, those that yield, those that
-- raise.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local create, resume = coroutine.create, coroutine.resume
    assert(select("#", resume(create(pcall), error)) == 3)
    assert(select(2, resume(create(string.rep), "x", 3)) == "xxx")
    assert(select(2, resume(create(coroutine.yield), 7)) == 7)
    assert(not resume(create(error), "x"))
    assert(not resume(create(assert), false))
    assert(select(2, resume(create(coroutine.wrap(function() return 5 end)))) == 5)
    assert(type(select(2, resume(create(coroutine.create), error))) == "thread")
    local co = create(resume)
    assert(select(2, resume(co, co)) == false)
    co = create(coroutine.yield)
    resume(co)
    assert(select(2, resume(co, "again")) == "again" and coroutine.status(co) == "dead")
    assert(not resume(create(table.sort), { 3, 2, 1 }, coroutine.yield))
    return { decision = "allow" }
  end,
}
