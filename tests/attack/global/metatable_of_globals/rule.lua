return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    setmetatable(_G, { __index = function() return 1 end, __newindex = function() end })
    assert(nothing == 1)
    return { decision = "allow" }
  end,
}
