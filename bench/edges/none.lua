-- What every one of these begins with.
return {
  name     = "edges_none",
  reads    = { Account = { "risk" }, transfer = { "amount" } },
  fallback = "none",
  returns  = "any",
  limits   = { instructions = 1e9, memory = "32MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local sent = request.node:outgoing("transfer")
    local payees = sent:nodes()
    local _ = payees:count()
    return { output = 1 }
  end,
}
