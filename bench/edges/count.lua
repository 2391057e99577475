-- Counting under a condition.
return {
  name     = "edges_count",
  reads    = { Account = { "risk" }, transfer = { "amount" } },
  fallback = "none",
  returns  = "any",
  limits   = { instructions = 1e9, memory = "32MiB", time = "10s", edges = 1e8, nodes = 1e8 },

  evaluate = function(graph, request)
    local sent = request.node:outgoing("transfer")
    local payees = sent:nodes()
    for _ = 1, 20 do
      sent:where("amount", ">", 5000):count()
    end
    return { output = 1 }
  end,
}
