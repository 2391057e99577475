-- As far as it goes, a step at a time inside one call.
return {
  name      = "hostile",
  reads     = { Account = {}, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    pcall(function() graph:random_walk(request.node, { steps = 10000, edges = "transfer" }) end)
    pcall(function() graph:ego(request.node, { hops = 60, edges = "transfer" }) end)
    pcall(function() graph:personalised_pagerank(request.node, { edges = "transfer", epsilon = 1e-9 }) end)
    return { decision = "allow" }
  end,
}
