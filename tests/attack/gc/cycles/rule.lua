-- Garbage that holds itself: tables, closures and coroutines in cycles.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do
      local a, b = {}, {}
      a.b, b.a = b, a
      a.f = function() return a, b end
      setmetatable(a, a)
      a.__index = b
    end
  end,
}
