-- Many strangers pay one account within two days, and the money leaves again at once.
--
-- What tells it from a collection of gifts or a market stall: the payers never paid it
-- before, and most of what came in has gone out again.
return {
  name        = "fan_in",
  description = "Gathers from many new payers and passes the money on",
  params      = {
    window = { type = "duration", default = "60h", description = "how far back to look" },
    payers = { type = "integer", default = 8, min = 2, description = "new payers to alert at" },
    passed = { type = "number", default = 0.7, min = 0, max = 1,
               description = "share of the money that has left again" },
  },
  reads       = { Account = { "business" }, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { payers = "integer", passed_on = "number" },

  evaluate = function(_, request)
    local account, params = request.node, request.params
    local from = request.now - params.window
    local received = account:incoming("transfer"):up_to(request.now)
    local recent = received:since(from)
    local payers = recent:nodes():minus(received:before(from):nodes()):count()
    local gathered = recent:sum("amount")
    local sent = account:outgoing("transfer"):between(from, request.now):sum("amount")
    local passed_on = gathered > 0 and math.min(1, sent / gathered) or 0

    local decision = "allow"
    if payers >= params.payers and not account.business then
      decision = passed_on >= params.passed and "deny" or "allow"
    end
    return {
      decision = decision,
      score    = payers / params.payers * passed_on,
      reasons  = { ("%d new payers sent %.2f, %.0f%% of it is gone"):format(payers, gathered,
                                                                       passed_on * 100) },
      output   = { payers = payers, passed_on = passed_on },
    }
  end,
}
