-- Every method, called on what it does not belong to.
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
    local of_edges = { "since", "after", "up_to", "before", "between", "where", "latest", "earliest", "limit", "count",
                       "exists", "sum", "avg", "min", "max", "distinct", "first", "top", "each", "nodes", "largest",
                       "smallest" }
    local of_nodes = { "count", "exists", "first", "each", "contains", "union", "intersect", "minus", "where", "of",
                       "limit", "outgoing", "incoming", "both", "sum", "avg", "min", "max", "top" }
    local strange = { 1, "x", true, {}, me, edge, graph, request, request.params, function() end,
                      coroutine.create(function() end), setmetatable({}, { __index = edges }) }
    for _, it in ipairs(strange) do
      for _, method in ipairs(of_edges) do
        assert(not pcall(edges[method], it, 1, 2, 3), method)
        assert(not pcall(edges[method], it), method)
        assert(not pcall(edges[method], nodes, "amount", ">", 1), method)
      end
      for _, method in ipairs(of_nodes) do
        assert(not pcall(nodes[method], it, "transfer"), method)
        assert(not pcall(nodes[method], edges, "transfer"), method)
      end
    end
    for _, method in ipairs(of_edges) do assert(not pcall(edges[method])) end
    for _, method in ipairs(of_nodes) do assert(not pcall(nodes[method])) end
    assert(not pcall(me.outgoing, edge, "transfer") and not pcall(function() return edge:outgoing("transfer") end))
    assert(not pcall(me.outgoing, request, "transfer") and not pcall(me.outgoing) and not pcall(me.outgoing, me))
    assert(not pcall(me.outgoing, me, 1) and not pcall(me.outgoing, graph, "transfer"))
    return { decision = "allow" }
  end,
}
