-- Structuring: a large sum in parts that each stay just below the amount that must be reported.
--
-- Why it works: who does not know the threshold pays all kinds of sums; who avoids it pays just less
-- than it, again and again, to the same partner.
-- What fools it: several partners, or parts well below the threshold.
-- False alarms: a dealer whose cars cost a little less than that, and a firm that buys a fleet.
-- Cost: the transfers of the window are looked at, one edge each.
return {
  name        = "structuring",
  description = "Several transfers with one partner, each just below the reporting threshold",
  owner       = "fraud",
  tags        = { "laundering", "threshold" },
  params      = {
    window    = { type = "duration", default = "10d", min = "1h" },
    threshold = { type = "number", default = 10000, min = 1, description = "must be reported" },
    margin    = { type = "number", default = 0.15, min = 0, max = 1,
                  description = "how far below it counts as just below" },
    parts     = { type = "integer", default = 4, min = 2 },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { parts = "integer", total = "number" },
  limits      = { instructions = 1e6, memory = "512KiB", edges = 100000 },

  evaluate = function(_, request)
    local params = request.params
    local just_below = request.node:both("transfer")
        :between(request.now - params.window, request.now)
        :where("amount", ">=", params.threshold * (1 - params.margin))
        :where("amount", "<", params.threshold)

    local parts, total = {}, {}
    local most, partner = 0, nil
    for edge, other in just_below:each() do
      parts[other] = (parts[other] or 0) + 1
      total[other] = (total[other] or 0) + edge.amount
      if parts[other] > most then
        most, partner = parts[other], other
      end
    end
    local sum = partner and total[partner] or 0
    return {
      decision = most >= params.parts and "deny" or most == params.parts - 1 and "review"
                 or "allow",
      score    = most / params.parts,
      reasons  = partner and { ("%d transfers with %s, together %.2f, each just below %.0f")
                                 :format(most, tostring(partner), sum, params.threshold) },
      output   = { parts = most, total = sum },
    }
  end,
}
