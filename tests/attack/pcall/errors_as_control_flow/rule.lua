-- Errors thrown and caught as fast as can be, with objects that are garbage at once.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local throw = function() error({ "x" }) end
    while true do pcall(throw) xpcall(throw, function(e) return e[1] end) coroutine.resume(coroutine.create(throw)) end
  end,
}
