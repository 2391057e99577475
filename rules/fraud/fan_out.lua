-- An account pays many it never paid before, within a day, and not small change.
return {
  name        = "fan_out",
  description = "Many new payees in a short window",
  params      = {
    window    = { type = "duration", default = "24h" },
    threshold = { type = "integer", default = 10, min = 1, description = "new payees to alert at" },
    smallest  = { type = "number", default = 150, min = 0,
                  description = "transfers below this do not count" },
  },
  reads       = { Account = { "business" }, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { payees = "integer" },

  evaluate = function(_, request)
    local account, params = request.node, request.params
    local from = request.now - params.window
    local sent = account:outgoing("transfer"):up_to(request.now)
    local recent = sent:since(from):where("amount", ">=", params.smallest)
    local payees = recent:nodes():minus(sent:before(from):nodes()):count()

    local decision = "allow"
    if payees >= params.threshold and not account.business then
      decision = payees >= 2 * params.threshold and "deny" or "review"
    end
    return {
      decision = decision,
      score    = payees / params.threshold,
      reasons  = { ("%d new payees, %.2f sent to them"):format(payees, recent:sum("amount")) },
      output   = { payees = payees },
    }
  end,
}
