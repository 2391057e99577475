-- A result of the nodes of a set, which the host would have to expand.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { request.node:outgoing("transfer"):nodes() } }
  end,
}
