-- A comparator, an iterator, an __index and a __call in turn: no one of them runs for long.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __index = function(_, k) return k end, __call = function(_, x) return x end, __lt = function() return false end })
    while true do
      for i in function(_, i) i = (i or 0) + 1 if i < 50 then return i end end do local _ = t[i], t(i), t < t end
    end
  end,
}
