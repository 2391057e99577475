-- Comparators that answer at random, always yes, always no, by turns, with NaN, and change the
-- table meanwhile.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, n = {}, 0
    local function fill() for i = 1, 300 do t[i] = (i * 7919) % 301 end end
    for _, less in ipairs({
      function() return math.random() < 0.5 end, function() return true end, function() return false end,
      function() n = n + 1 return n % 2 == 0 end, function(a, b) return 0 / 0 < a end,
      function(a, b) t[1], t[300] = t[300], nil return a < b end,
      function(a, b) for i = #t, 290, -1 do t[i] = nil end return a < b end,
      function(a, b) t[#t + 1] = 1 return a < b end,
    }) do fill() table.sort(t, less) assert(type(t[1]) == "number") end
    local list = { 0 / 0, 1, -1 / 0, 0 / 0, 1 / 0, -0, 0 }
    table.sort(list)
    assert(#list == 7)
    return { decision = "allow" }
  end,
}
