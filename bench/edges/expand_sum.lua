-- A sum over the edges of a node set.
return {
  name     = "edges_expand_sum",
  reads    = { Account = { "risk" }, transfer = { "amount" } },
  fallback = "none",
  returns  = "any",
  limits   = { instructions = 1e9, memory = "32MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local sent = request.node:outgoing("transfer")
    local payees = sent:nodes()
    for _ = 1, 5 do
      payees:outgoing("transfer"):sum("amount")
    end
    return { output = 1 }
  end,
}
