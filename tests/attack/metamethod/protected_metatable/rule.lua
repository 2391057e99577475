-- __metatable protects: it cannot be set, replaced or seen through, whatever it is.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, guard in ipairs({ false, 1, "locked", {} }) do
      local t = setmetatable({}, { __metatable = guard })
      assert(getmetatable(t) == guard)
      assert(not pcall(setmetatable, t, {}) and not pcall(setmetatable, t, nil))
    end
    return { decision = "allow" }
  end,
}
