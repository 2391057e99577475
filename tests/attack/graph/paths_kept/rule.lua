-- Every way round a circle with two edges at each step, kept as tables again and again.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local all = {}
    while true do
      all[#all + 1] = graph:paths(request.node, graph:node("Account", 9), { hops = 8, edges = { transfer = { where = { "amount", "<", 100 } } }, limit = 10000 })
    end
  end,
}
