-- Objects with metamethods, raised in coroutines: the wrapper must not ask them anything.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local object = setmetatable({}, { __tostring = function() error("asked") end, __concat = function() error("asked") end,
                                      __index = function() error("asked") end, __eq = function() error("asked") end })
    local fine, caught = pcall(coroutine.wrap(function() error(object) end))
    assert(not fine and rawequal(caught, object))
    fine, caught = coroutine.resume(coroutine.create(function() error(object, 2) end))
    assert(not fine and rawequal(caught, object))
    fine, caught = pcall(coroutine.wrap(function() coroutine.wrap(function() error(nil) end)() end))
    assert(not fine and caught == nil)
    return { decision = "allow" }
  end,
}
