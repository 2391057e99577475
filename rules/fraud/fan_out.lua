-- Fan-out: an account pays many it never paid before, within a day, and not small change.
--
-- Why it works: an account that was taken over is emptied towards many mules, in parts that raise no
-- question each.  Its owner pays people he has paid before.
-- What fools it: one large transfer (see mule_chain), or mules who were paid a little long before.
-- False alarms: a club that pays its members back; its sums are smaller, and `smallest` is what
-- keeps most of them out.
-- Cost: one edge for each transfer in the window and each of the `history` before it, which tells
-- who is new.
return {
  name        = "fan_out",
  description = "Many new payees in a short window",
  owner       = "fraud",
  tags        = { "account-takeover" },
  params      = {
    window    = { type = "duration", default = "24h", min = "1h" },
    threshold = { type = "integer", default = 10, min = 1, description = "new payees to alert at" },
    smallest  = { type = "number", default = 150, min = 0,
                  description = "transfers below this do not count" },
    history   = { type = "integer", default = 20000, min = 0, max = 50000,
                  description = "earlier transfers looked at to know who is new" },
  },
  reads       = { Account = { "business" }, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { payees = "integer" },
  limits      = { instructions = 1e6, memory = "512KiB", edges = 100000 },

  evaluate = function(_, request)
    local account, params = request.node, request.params
    local from = request.now - params.window
    local sent = account:outgoing("transfer"):up_to(request.now)
    local recent = sent:since(from):where("amount", ">=", params.smallest)
    local payees = recent:nodes():minus(sent:before(from):latest(params.history):nodes()):count()

    local decision = "allow"
    if payees >= params.threshold and not account.business then
      decision = payees >= 2 * params.threshold and "deny" or "review"
    end
    return {
      decision = decision,
      score    = account.business and 0 or payees / params.threshold,
      reasons  = { ("%d new payees, %.2f sent to them"):format(payees, recent:sum("amount")) },
      output   = { payees = payees },
    }
  end,
}
