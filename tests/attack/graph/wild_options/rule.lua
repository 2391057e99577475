-- Options of every kind, wild and wrong, for every search.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me, other = request.node, graph:node("Account", 2)
    local wild = { -1, 0.5, 0/0, 1/0, -1/0, 2^53, 2^63, 1e300, "1", "", true, {}, { {} }, function() end, me, graph, request }
    local names = { "hops", "max_nodes", "direction", "edges", "weight", "undirected", "labels", "nodes", "max_hops",
                    "min_hops", "ordered", "within", "amount", "tolerance", "limit", "list", "damping", "epsilon", "steps",
                    "seed", "sources", "iterations", "strong", "since", "where", "zzz", "\0", "\255" }
    local view = graph:ego(me, { hops = 1 })
    for _, name in ipairs(names) do
      for _, value in ipairs(wild) do
        local o = { [name] = value }
        for _, call in ipairs({ "ego", "view", "cycles", "personalised_pagerank", "random_walk" }) do
          if not (call == "view" or name == "limit" or name == "steps") then pcall(graph[call], graph, me, o) end
        end
        for _, call in ipairs({ "shortest_path", "paths", "common_neighbours", "jaccard", "adamic_adar" }) do
          pcall(graph[call], graph, me, other, o)
        end
        for _, call in ipairs({ "bfs", "sssp", "personalised_pagerank" }) do pcall(view[call], view, me, o) end
        for _, call in ipairs({ "components", "label_propagation", "degree", "betweenness" }) do pcall(view[call], view, o) end
        pcall(graph.ego, graph, me, { edges = { transfer = { [name] = value } } })
        pcall(graph.ego, graph, me, { edges = { transfer = { where = { "amount", ">", value } } } })
      end
    end
    assert(not pcall(graph.ego, graph, me, { edges = setmetatable({}, { __index = function() return {} end }) }))
    local listed = {}
    for i = 1, 100 do listed[i] = "transfer" end
    assert(not pcall(graph.ego, graph, me, { edges = listed }))
    assert(not pcall(graph.ego, graph, me, { edges = { transfer = { where = { { "amount", ">", 1 }, { "amount", ">", 1 },
      { "amount", ">", 1 }, { "amount", ">", 1 }, { "amount", ">", 1 } } } } }))
    return { decision = "allow" }
  end,
}
