-- Nothing that the rule did not declare is in a view, or on a way.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for node in graph:ego(request.node, { hops = 1 }):nodes():each() do
      assert(node.label == "Account" or node.label == "Person")
    end
    for _, bad in ipairs({ "hides", "Secret", "pin", "Account", "", "code" }) do
      assert(not pcall(graph.ego, graph, request.node, { edges = bad }))
      assert(not pcall(graph.ego, graph, request.node, { edges = { bad } }))
      assert(not pcall(graph.ego, graph, request.node, { edges = { [bad] = {} } }))
      assert(bad == "Account" or not pcall(graph.view, graph, { labels = bad }))
      assert(not pcall(graph.ego, graph, request.node, { edges = "transfer", weight = bad }))
      assert(not pcall(graph.ego, graph, request.node, { edges = { transfer = { where = { bad, ">", 0 } } } }))
    end
    assert(not pcall(graph.cycles, graph, request.node, { edges = "transfer", amount = "code" }))
    return { decision = "allow" }
  end,
}
