-- Every way of writing to every library table.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, name in ipairs({ "string", "table", "math", "bit", "coroutine" }) do
      local t = _G[name]
      assert(not pcall(function() t.x = 1 end) and not pcall(function() t[1] = 1 end) and not pcall(function() t.len = nil end))
      for _, way in ipairs({ function() rawset(t, "x", 1) end, function() table.insert(t, 1) end, function() table.insert(t, 1, 1) end,
          function() table.sort(t) end, function() table.remove(t) end, function() setmetatable(t, nil) end, function() setmetatable(t, {}) end,
          function() getmetatable(t).__index = nil end, function() for k in pairs(t) do t[k] = nil end end, function() rawset(t, 1, 1) end }) do
        assert(not pcall(way))
      end
      assert(rawget(t, "x") == nil and #t == 0 and getmetatable(t) == false)
    end
    return { decision = "allow" }
  end,
}
