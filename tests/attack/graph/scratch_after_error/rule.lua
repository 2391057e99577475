-- An error in the middle of a search, caught a thousand times, leaves no memory behind.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local view = graph:ego(core, { hops = 6, edges = "transfer", direction = "outgoing", max_nodes = 400, weight = "amount" })

    for _ = 1, 3000 do
      assert(not pcall(view.bfs, view, request.node))
      assert(not pcall(view.personalised_pagerank, view, request.node))
      assert(not pcall(graph.view, graph, { nodes = graph:set{}, labels = "Account" }))
      assert(not pcall(graph.ego, graph, core, { edges = { transfer = { since = "x" } } }))
    end
    return { decision = "allow" }
  end,
}
