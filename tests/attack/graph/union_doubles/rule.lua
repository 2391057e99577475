-- A chain of unions, each of the one before with itself: it must not grow.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = request.node:outgoing("transfer"):nodes()
    local count = set:count()
    for _ = 1, 5000 do
      set = set:union(set):intersect(set):union(set:minus(set))
    end
    assert(set:count() == count and set:first() == request.node:outgoing("transfer"):nodes():first())
    return { decision = "allow" }
  end,
}
