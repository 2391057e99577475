-- Many transfers in a short time: what an account that was taken over looks like.
return {
  name        = "@RULE@",
  description = "Many transfers out of one account within a window",
  params      = {
    window = { type = "duration", default = "1h" },
    limit  = { type = "integer", default = 5, min = 1 },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },    -- from the least severe on
  fallback    = "review",                         -- stands when the rule is stopped
  returns     = { transfers = "integer", sent = "number" },
  limits      = { instructions = 1e5, edges = 10000 },

  evaluate = function(_, request)
    local limit = request.params.limit
    local recent = request.node:outgoing("transfer")
                          :between(request.now - request.params.window, request.now)
    local transfers, sent = recent:totals("amount")
    local decision = "allow"
    if transfers >= 2 * limit then
      decision = "deny"
    elseif transfers >= limit then
      decision = "review"
    end
    return {
      decision = decision,
      score    = transfers / limit,
      reasons  = { ("%d transfers, %.2f sent"):format(transfers, sent) },
      output   = { transfers = transfers, sent = sent },
    }
  end,
}
