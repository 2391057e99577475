-- graph:set() of what is no list of nodes.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local edge = me:outgoing("transfer"):first()
    local liar = setmetatable({}, { __index = function() return me end, __len = function() return 1e9 end })
    assert(graph:set({}):count() == 0 and graph:set(liar):count() == 0)
    assert(graph:set({ me, me, me }):count() == 1)
    for _, list in ipairs({ { 1 }, { "1" }, { me, 2 }, { edge }, { me, edge }, { {} }, { graph }, { me:outgoing("transfer") } }) do
      assert(not pcall(graph.set, graph, list))
    end
    for _, list in ipairs({ 1, "x", true, me, edge, graph }) do
      assert(not pcall(graph.set, graph, list))
    end
    assert(not pcall(graph.set, graph))
    local many = {}
    for i = 1, 5000 do many[i] = me end
    assert(graph:set(many):count() == 1)
    return { decision = "allow" }
  end,
}
