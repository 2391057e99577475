-- What was cut is said to be, on every path that cuts.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = request.node:outgoing("transfer")
    assert(set:latest(1):count() == 1)
    return { decision = "allow" }
  end,
}
