-- A name is either a method or a property, and stays so.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    assert(type(me.outgoing) == "function" and type(me.both) == "function")
    local edge = me:outgoing("transfer"):first()
    for _, name in ipairs({ "outgoing", "incoming", "both", "count", "each", "node", "set", "now", "params" }) do
      assert(not pcall(function() return edge[name] end), name)
    end
    for _, name in ipairs({ "source", "target", "time", "type", "count", "each", "nodes", "", "\0", "key\0" }) do
      assert(not pcall(function() return me[name] end), name)
    end
    for _, key in ipairs({ 1, 0 / 0, true, {}, me, edge, graph }) do
      assert(not pcall(function() return me[key] end) and not pcall(function() return edge[key] end))
      assert(not pcall(function() return graph[key] end) and not pcall(function() return request[key] end))
      assert(not pcall(function() return me:outgoing("transfer")[key] end))
    end
    assert(not pcall(function() return me[nil] end))
    return { decision = "allow" }
  end,
}
