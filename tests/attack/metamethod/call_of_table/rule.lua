-- __call has to be a function: a table with a __call of its own is none, at any depth.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __call = function() return 1 end })
    for _ = 1, 100 do
      local u = setmetatable({}, { __call = t })
      assert(not pcall(function() return u() end))
      assert(not pcall(u))
      t = u
    end
    return { decision = "allow" }
  end,
}
