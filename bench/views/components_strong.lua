-- Strongly connected components.
return {
  name     = "view_components_strong",
  reads    = { Account = {}, transfer = { "amount" } },
  fallback = "none",
  returns  = "integer",
  limits   = { instructions = 1e9, memory = "48MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local view = graph:ego(request.node, { edges = "transfer", hops = 2, max_nodes = 5000,
                                           weight = "amount" })
    for _ = 1, 20 do
      view:components({ strong = true })
    end
    return { output = 20 * view:edge_count() }
  end,
}
