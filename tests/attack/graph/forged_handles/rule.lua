-- Everything that is no handle, given to everything that takes one.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local edge = me:outgoing("transfer"):first()
    local edges, nodes = me:outgoing("transfer"), me:outgoing("transfer"):nodes()
    local forged = { 0, 1, -1, 2 ^ 37, 2 ^ 38, 2 ^ 37 + 1, 0 / 0, "Account:1", "1", true, {}, function() end,
                     coroutine.create(function() end), graph, request, request.params, edges, nodes, me.key,
                     setmetatable({}, { __index = me }), setmetatable({}, { __index = function() return me end }) }
    forged[#forged + 1] = string
    forged[#forged + 1] = edge
    for i = 1, #forged do
      local it = forged[i]
      assert(not pcall(me.outgoing, it, "transfer"), i)
      assert(not pcall(me.incoming, it, "transfer"))
      assert(not pcall(me.both, it, "transfer"))
      assert(not pcall(nodes.contains, nodes, it))
      assert(not pcall(graph.set, graph, { it }))
      if it ~= nodes then
        assert(not pcall(nodes.union, nodes, it) and not pcall(nodes.minus, nodes, it))
        assert(not pcall(nodes.intersect, nodes, it) and not pcall(nodes.union, it, nodes))
      end
    end
    for _, operate in ipairs({ function() return me + 1 end, function() return me .. "" end, function() return #me end,
                               function() return -me end, function() return me < me end, function() return me() end,
                               function() return me <= edge end, function() return me % 2 end }) do
      assert(not pcall(operate))
    end
    for _, operate in ipairs({ bit.tobit, bit.bnot, tonumber, math.floor, string.len, ipairs, pairs, next, unpack, string.rep }) do
      local fine, got = pcall(operate, me)
      assert(not fine or got == nil, tostring(got))
    end
    assert(me == request.node and me ~= edge and me ~= 1)
    return { decision = "allow" }
  end,
}
