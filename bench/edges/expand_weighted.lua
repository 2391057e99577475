-- A weighted expansion.
return {
  name     = "edges_expand_weighted",
  reads    = { Account = { "risk" }, transfer = { "amount" } },
  fallback = "none",
  returns  = "any",
  limits   = { instructions = 1e9, memory = "32MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local sent = request.node:outgoing("transfer")
    local payees = sent:nodes()
    for _ = 1, 5 do
      payees:with({ w = 2 }):outgoing("transfer"):group({ w = { sum = "w" } })
    end
    return { output = 1 }
  end,
}
