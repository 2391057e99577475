-- __index leaves its coroutine by a yield, from the middle of an expression, for ever.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __index = function(_, k) return coroutine.yield(k) end })
    local co = coroutine.wrap(function() while true do local _ = t.a + t.b end end)
    while true do co(1) end
  end,
}
