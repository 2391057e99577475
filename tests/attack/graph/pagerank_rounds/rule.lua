-- Rounds of PageRank, for ever.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local view = graph:ego(core, { hops = 6, edges = "transfer", direction = "outgoing", max_nodes = 400 })
    while true do
      pcall(function() view:pagerank{ iterations = 1000 } end)
    end
  end,
}
