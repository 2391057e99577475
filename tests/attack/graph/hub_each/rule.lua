-- A loop over the supernode, edge by edge.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local sum = 0
    for edge, other in hub:outgoing("transfer"):each() do
      sum = sum + edge.amount
    end
    return { decision = "allow", score = sum }
  end,
}
