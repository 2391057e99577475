-- A metamethod takes its own metatable away, or gives another, before it returns.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local a = {}
    local other = { __index = function() return "other" end }
    local mt = { __index = function(t, k) setmetatable(t, other) return "first" end }
    setmetatable(a, mt)
    assert(a.x == "first" and a.x == "other")
    local b = {}
    setmetatable(b, { __newindex = function(t, k, v) setmetatable(t, nil) t[k] = v end })
    b.y = 1
    assert(b.y == 1 and getmetatable(b) == nil)
    local c = setmetatable({}, { __add = function(x) setmetatable(x, nil) return 1 end })
    assert(c + c == 1 and not pcall(function() return c + c end))
    return { decision = "allow" }
  end,
}
