-- Every method of views, scores and groups, called on what it does not belong to.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local view = graph:ego(core, { hops = 6, edges = "transfer", direction = "outgoing", max_nodes = 400 })

    local scores, groups = view:degree(), view:components()
    local edges, nodes = core:outgoing("transfer"), core:outgoing("transfer"):nodes()
    local of = {
      [view] = { "count", "edge_count", "contains", "nodes", "bfs", "sssp", "pagerank", "personalised_pagerank",
                 "components", "label_propagation", "triangles", "clustering", "cores", "k_core", "degree", "betweenness" },
      [scores] = { "count", "of", "each", "top", "sum", "avg", "min", "max", "at_least", "at_most", "nodes" },
      [groups] = { "count", "of", "together", "members", "size", "largest", "each" },
    }
    local strange = { 1, "x", true, {}, core, edges:first(), graph, request, request.params, edges, nodes, view, scores,
                      groups, function() end, coroutine.create(function() end), setmetatable({}, { __index = view }) }
    for _, object in ipairs({ view, scores, groups }) do
      for _, method in ipairs(of[object]) do
        for _, it in ipairs(strange) do
          assert(it == object or not pcall(object[method], it, core, core), method)
          assert(it == object or not pcall(object[method], it), method)
        end
        assert(not pcall(object[method]))
      end
      assert(not pcall(function() object.x = 1 end) and not pcall(function() return object[1] end))
      assert(not pcall(function() return object.magic end) and not getmetatable(object))
      assert(not pcall(function() return #object end) and not pcall(function() return object() end))
    end
    for _, method in ipairs({ "count", "sum", "nodes", "each" }) do
      assert(not pcall(edges[method], view) and not pcall(edges[method], scores) and not pcall(edges[method], groups))
    end
    assert(not pcall(nodes.union, nodes, view) and not pcall(graph.ego, graph, view))
    return { decision = "allow" }
  end,
}
