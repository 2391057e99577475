-- Shortest ways through each node, estimated from sixteen.
return {
  name     = "view_betweenness",
  reads    = { Account = {}, transfer = { "amount" } },
  fallback = "none",
  returns  = "integer",
  limits   = { instructions = 1e9, memory = "48MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local view = graph:ego(request.node, { edges = "transfer", hops = 2, max_nodes = 5000,
                                           weight = "amount" })
    for _ = 1, 2 do
      view:betweenness({ sources = 16, seed = 1 })
    end
    return { output = 32 * view:edge_count() }
  end,
}
