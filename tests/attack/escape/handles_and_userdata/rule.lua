-- The host's objects refuse everything that is no method of theirs.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, object in ipairs({ graph, request, request.params }) do
      for _, f in ipairs({ rawget, rawset, next, pairs, ipairs, unpack, setmetatable, table.insert, table.concat, table.sort, coroutine.resume }) do
        assert(not pcall(f, object, 1, 2))
      end
      assert(not pcall(function() return #object == 0 or object() end))
      assert(not pcall(function() return object + 1 end) and not pcall(function() return object .. "" end) and not pcall(function() return object < object end))
      assert(not pcall(function() object.x = 1 end) and not pcall(function() object[1] = 1 end) and not pcall(function() object.__index = {} end))
      for _, name in ipairs({ "__index", "__gc", "__metatable", "__newindex", "__tostring" }) do
        local fine, value = pcall(function() return object[name] end)
        assert(not fine or value == nil, name)
      end
    end
    return { decision = "allow" }
  end,
}
