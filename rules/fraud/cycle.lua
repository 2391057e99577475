-- Money that comes back: transfers in time order, each of nearly the same amount, that lead
-- from the account over two to four others back to it.
return {
  name        = "cycle",
  description = "A sum returns to its sender over two to four others within days",
  params      = {
    window    = { type = "duration", default = "10d" },
    tolerance = { type = "number", default = 0.12, min = 0, max = 1,
                  description = "how much of the first amount may be lost or gained" },
    smallest  = { type = "number", default = 1000, min = 0 },
    hops      = { type = "integer", default = 5, min = 3, max = 6 },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { length = "integer?", amount = "number?" },
  limits      = { instructions = 2e6, edges = 200000 },

  evaluate = function(_, request)
    local start, params = request.node, request.params
    local from, now = request.now - params.window, request.now

    -- trails: where a sum that left `start` has got to, and when
    local trails = {}
    local sent = start:outgoing("transfer"):between(from, now)
                      :where("amount", ">=", params.smallest)
    for edge, payee in sent:each() do
      trails[#trails + 1] = {
        at = payee, time = edge.time, amount = edge.amount, path = tostring(payee),
      }
    end
    for length = 2, params.hops do
      local onward = {}
      for _, trail in ipairs(trails) do
        local spread = trail.amount * params.tolerance
        local next_step = trail.at:outgoing("transfer"):after(trail.time):up_to(now)
                               :where("amount", ">=", trail.amount - spread)
                               :where("amount", "<=", trail.amount + spread)
        for edge, payee in next_step:each() do
          if payee == start and length >= 3 then
            return {
              decision = "deny",
              score    = 1,
              reasons  = { ("%.2f came back over %s"):format(edge.amount, trail.path) },
              output   = { length = length, amount = trail.amount },
            }
          end
          onward[#onward + 1] = {
            at = payee, time = edge.time, amount = trail.amount,
            path = trail.path .. ", " .. tostring(payee),
          }
        end
      end
      trails = onward
    end
    return { decision = "allow", score = 0, output = {} }
  end,
}
