-- graph:set of a long list whose last element is no node: what it had taken has to come back.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local list = {}
    for i = 1, 2000 do list[i] = request.node end
    list[2001] = 1
    for _ = 1, 500 do assert(not pcall(graph.set, graph, list)) end
    return { decision = "allow" }
  end,
}
