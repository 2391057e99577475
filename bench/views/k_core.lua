-- The nodes that hang together by three edges each.
return {
  name     = "view_k_core",
  reads    = { Account = {}, transfer = { "amount" } },
  fallback = "none",
  returns  = "integer",
  limits   = { instructions = 1e9, memory = "48MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local view = graph:ego(request.node, { edges = "transfer", hops = 2, max_nodes = 5000,
                                           weight = "amount" })
    for _ = 1, 5 do
      view:k_core(3)
    end
    return { output = 5 * view:edge_count() }
  end,
}
