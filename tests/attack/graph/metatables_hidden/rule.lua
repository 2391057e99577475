-- What stands behind handles, sets, graph and request cannot be had or changed.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local edge = me:outgoing("transfer"):first()
    for _, it in ipairs({ me, edge, me:outgoing("transfer"), me:outgoing("transfer"):nodes(), graph, request, request.params }) do
      assert(type(getmetatable(it)) ~= "table")
      assert(not pcall(setmetatable, it, {}) and not pcall(rawset, it, 1, 2))
      for _, name in ipairs({ "__index", "__newindex", "__metatable", "__gc", "__tostring", "__eq", "__call" }) do
        local fine, got = pcall(function() return it[name] end)
        assert(not fine or got == nil, name)
      end
      assert(not pcall(rawget, it, "key") and (not pcall(next, it)) and not pcall(pairs, it))
      assert(not pcall(table.insert, it, 1) and not pcall(table.concat, it) and not pcall(table.sort, it))
    end
    local mine = setmetatable({}, { __index = graph, __newindex = graph, __eq = function() return true end })
    assert(not pcall(function() mine.node = 1 end))
    assert(mine ~= graph)
    return { decision = "allow" }
  end,
}
