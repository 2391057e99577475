-- The shared metatable of strings and the missing ones of numbers, booleans, nil and functions
-- cannot be had, changed or added to.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, value in ipairs({ "", 0, true, print or pairs, coroutine.create(function() end) }) do
      assert(getmetatable(value) == nil)
      assert(not pcall(setmetatable, value, {}))
    end
    assert(not pcall(setmetatable, nil, {}))
    assert(("x").__index == nil and ("x").__add == nil and ("x").format == string.format)
    assert(not pcall(function() local s = "x" s.y = 1 end))
    assert(not pcall(function() return ("x") < 1 end) and not pcall(function() return ("x") + 1 end))
    return { decision = "allow" }
  end,
}
