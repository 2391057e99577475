-- Every search and algorithm within two hops of an account, for slices.py: each number goes
-- into the answer, so that a slice that misses an edge, or orders one otherwise, shows.
return {
  name      = "algorithms",
  reads     = { Account = {}, transfer = { "amount" } },
  fallback  = "none",
  returns   = "list",
  limits    = { instructions = 5e7, memory = "4MiB", time = "5s", edges = 1e6 },

  evaluate = function(graph, request)
    local account, edges = request.node, { transfer = { up_to = request.now } }
    local view = graph:ego(account, { hops = 1, edges = edges })
    local far = graph:ego(account, { hops = 2, edges = edges, max_nodes = 60 })
    local out = { view:count(), view:edge_count(), far:count(), far:edge_count() }
    local function add(...)
      for i = 1, select("#", ...) do out[#out + 1] = (select(i, ...)) or "none" end
    end
    local function scores(s)
      add(s:count(), s:sum(), s:max(), s:of(account))
      for _, top in ipairs(s:top(3)) do add(top.node.key, top.value) end
    end
    local function groups(g)
      add(g:count(), g:of(account).key, g:size(account), g:largest():count())
    end
    for _, v in ipairs({ view, far }) do
      scores(v:pagerank())
      scores(v:personalised_pagerank(account))
      scores(v:bfs(account, { direction = "both" }))
      scores(v:sssp(account))
      scores(v:degree())
      scores(v:cores())
      scores(v:clustering())
      scores(v:betweenness{ sources = 5, seed = 7 })
      groups(v:components())
      groups(v:components{ strong = true })
      groups(v:label_propagation())
      local triangles, through = v:triangles()
      add(triangles)
      scores(through)
    end
    local other = account:outgoing("transfer"):up_to(request.now):nodes():first() or account
    for _, cycle in ipairs(graph:cycles(account, { max_hops = 3, edges = edges, ordered = true, amount = "amount" })) do
      add(cycle.hops, cycle.total, cycle.nodes[2].key)
    end
    add(graph:common_neighbours(account, other, { edges = edges }):count(),
        graph:jaccard(account, other, { edges = edges }), graph:adamic_adar(account, other, { edges = edges }))
    for _, node in ipairs(graph:random_walk(account, { steps = 2, seed = 5, edges = edges })) do add(node.key) end
    local way = graph:shortest_path(account, other, { edges = edges, max_hops = 2 })
    add(way and way.hops or 0)
    return { output = out }
  end,
}
