-- Paths of one edge, two hundred at a time.
return {
  name     = "edges_paths",
  reads    = { Account = { "risk" }, transfer = { "amount" } },
  fallback = "none",
  returns  = "any",
  limits   = { instructions = 1e9, memory = "32MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local sent = request.node:outgoing("transfer")
    local payees = sent:nodes()
    for _ = 1, 5 do
      sent:latest(200):paths({ hops = 1, ascending = true, most = 10000 })
    end
    return { output = 1 }
  end,
}
