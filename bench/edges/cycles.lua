-- Cycles of three through the node.
return {
  name     = "edges_cycles",
  reads    = { Account = { "risk" }, transfer = { "amount" } },
  fallback = "none",
  returns  = "any",
  limits   = { instructions = 1e9, memory = "32MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local sent = request.node:outgoing("transfer")
    local payees = sent:nodes()
    for _ = 1, 5 do
      sent:cycles({ hops = 3, within = 604800000, property = "amount", ratio = 1.2 })
    end
    return { output = 1 }
  end,
}
