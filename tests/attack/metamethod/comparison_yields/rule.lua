-- The same from comparisons and from __concat.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = { __lt = coroutine.yield, __le = coroutine.yield, __eq = coroutine.yield, __concat = function() return coroutine.yield() end }
    local a, b = setmetatable({}, mt), setmetatable({}, mt)
    local co = coroutine.wrap(function()
      while true do local _ = a < b, a <= b, a == b, a .. b .. a end
    end)
    while true do co("x") end
  end,
}
