-- Two tables are each other's __newindex.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local a, b = {}, {}
    setmetatable(a, { __newindex = b })
    setmetatable(b, { __newindex = a })
    a.x = 1
  end,
}
