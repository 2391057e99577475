-- Ten rounds of label propagation.
return {
  name     = "view_label_propagation",
  reads    = { Account = {}, transfer = { "amount" } },
  fallback = "none",
  returns  = "integer",
  limits   = { instructions = 1e9, memory = "48MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local view = graph:ego(request.node, { edges = "transfer", hops = 2, max_nodes = 5000,
                                           weight = "amount" })
    view:label_propagation({ iterations = 10 })
    return { output = 10 * view:edge_count() }
  end,
}
