-- W1, velocity: what an account sent in 30 days, and what its first 200 payees sent on.
local DAY = 86400000

return {
  name      = "w1_velocity",
  reads     = { Account = { "risk" }, transfer = { "amount" } },
  decisions = { "allow", "review", "deny" },
  fallback  = "review",
  returns   = "list",
  limits    = { instructions = 50e6, memory = "4MiB", time = "5s", edges = 20000000 },

  evaluate = function(_, request)
    local now = request.now
    local from = now - 30 * DAY + 1
    local account = request.node
    local sent = account:outgoing("transfer"):between(from, now)
    local n, sum = sent:totals("amount")
    local payees = sent:nodes()
    local d = payees:count()
    local c2, s2 = payees:limit(200):outgoing("transfer"):between(from, now):totals("amount")
    local score = account.risk + 3 * n + 5 * d + math.floor(sum / 100000) + c2
                  + math.floor(s2 / 1000000)
    return {
      decision = score >= 600 and "deny" or score >= 150 and "review" or "allow",
      score    = score,
      output   = { n, sum, d, c2, s2 },
    }
  end,
}
