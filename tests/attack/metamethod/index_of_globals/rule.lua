-- The globals get a metatable: each missing name costs, none can be trusted, none survives.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    setmetatable(_G, { __index = function(t, k) return t[k .. "x"] end })
    while true do pcall(function() return missing end) end
  end,
}
