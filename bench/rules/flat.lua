-- W1 with a window that depends on the graph: what an account sent since, and its payees.
return {
  name      = "flat",
  reads     = { Account = { "risk" }, transfer = { "amount" } },
  decisions = { "allow", "review" },
  fallback  = "review",
  returns   = "list",
  limits    = { instructions = 50e6, memory = "4MiB", time = "5s", edges = 20000000 },

  evaluate = function(_, request)
    local account = request.node
    local sent = account:outgoing("transfer"):since(request.now)
    local n, sum = sent:totals("amount")
    local payees = sent:nodes()
    local d = payees:count()
    local c2, s2 = payees:limit(200):outgoing("transfer"):since(request.now):totals("amount")
    return {
      decision = account.risk + n + d + c2 >= 150 and "review" or "allow",
      output   = { account:outgoing("transfer"):count(), c2, n, sum, d, s2 },
    }
  end,
}
