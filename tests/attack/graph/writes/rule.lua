-- Nothing that stands for the graph or the request can be written.
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
      for _, key in ipairs({ "key", "risk", "amount", "node", "now", "as_of", "count", "each", "fresh", 1, true, {}, me, graph }) do
        local fine, why = pcall(function() it[key] = 1 end)
        assert(not fine and why:find("read%-only"), why)
      end
      assert(not pcall(function() it[nil] = 1 end))
    end
    assert(me.key == "1" and me.risk == 1 and request.now == 1700000000000 and request.as_of == nil)
    return { decision = "allow" }
  end,
}
