-- Fan-in: many strangers pay one account within two days, and the money leaves again at once.
--
-- Why it works: a collector of stolen money needs many payers who never paid him before, and cannot
-- let the money lie until they complain.  A wedding's gifts come from as many, and stay; a
-- market stall's customers pay and pay again, and it is a business.
-- What fools it: a collector who waits, or who has his victims pay a business.
-- False alarms: gifts that are spent at once, as on the feast itself.
-- Cost: one edge for each payment in the window and each of the `history` before it, which tells
-- who is new.
return {
  name        = "fan_in",
  description = "Gathers from many new payers and passes the money on",
  owner       = "fraud",
  tags        = { "collection" },
  params      = {
    window = { type = "duration", default = "60h", min = "1h", description = "how far back to look" },
    payers = { type = "integer", default = 8, min = 2, description = "new payers to alert at" },
    passed = { type = "number", default = 0.7, min = 0, max = 1,
               description = "share of the money that has left again" },
    history = { type = "integer", default = 20000, min = 0, max = 50000,
                description = "earlier payments looked at to know who is new" },
  },
  reads       = { Account = { "business" }, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { payers = "integer", passed_on = "number" },
  limits      = { instructions = 1e6, memory = "512KiB", edges = 100000 },

  evaluate = function(_, request)
    local account, params = request.node, request.params
    local from = request.now - params.window
    local received = account:incoming("transfer"):up_to(request.now)
    local recent = received:since(from)
    local payers = recent:nodes():minus(received:before(from):latest(params.history):nodes()):count()
    local gathered = recent:sum("amount")
    local sent = account:outgoing("transfer"):between(from, request.now):sum("amount")
    local passed_on = gathered > 0 and math.min(1, sent / gathered) or 0

    local decision = "allow"
    if payers >= params.payers and not account.business then
      decision = passed_on >= params.passed and "deny" or "allow"
    end
    return {
      decision = decision,
      score    = account.business and 0 or payers / params.payers * passed_on,
      reasons  = { ("%d new payers sent %.2f, %.0f%% of it is gone"):format(payers, gathered,
                                                                       passed_on * 100) },
      output   = { payers = payers, passed_on = passed_on },
    }
  end,
}
