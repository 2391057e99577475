-- Velocity: an account suddenly sends far more transfers than is its habit.
--
-- Why it works: whoever takes an account over has hours until somebody notices, and empties it
-- in many transfers, since large ones ask for a second factor.  A fixed threshold drowns in
-- shops and landlords; held against the account's own habit, those are quiet.
-- What fools it: patience, and an account that was always busy.
-- False alarms: a wedding, the treasurer of a club.  A business pays all its people in one day,
-- so businesses are left out.  A young account has no habit yet: `limit` alone speaks.
-- Cost: counts in windows are searches.  Three are paid for, whatever the account's size.
return {
  name        = "velocity",
  description = "Far more transfers in a short window than is the account's habit",
  owner       = "fraud",
  tags        = { "account-takeover", "cheap" },
  params      = {
    window = { type = "duration", default = "24h", min = "1m", description = "what counts as sudden" },
    habit  = { type = "duration", default = "60d", min = "1d", description = "how far back habits go" },
    limit  = { type = "integer", default = 6, min = 1, description = "fewer transfers are never sudden" },
    times  = { type = "number", default = 8, min = 1, description = "so many times the habit alert" },
  },
  reads       = { Account = { "business" }, transfer = {} },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { sent = "integer", usual = "number" },
  limits      = { instructions = 10000, edges = 10 },

  evaluate = function(_, request)
    local params, now = request.params, request.now
    local from = now - params.window
    local sent = request.node:outgoing("transfer"):up_to(now)
    local recent = sent:since(from):count()
    local before = sent:since(from - params.habit):before(from):count()
    local usual = before * params.window / params.habit
    local score = request.node.business and 0
                  or recent / math.max(params.limit, params.times * usual)
    return {
      decision = score >= 2 and "deny" or score >= 1 and "review" or "allow",
      score    = score,
      reasons  = { ("%d transfers in the window, %.1f are usual"):format(recent, usual) },
      output   = { sent = recent, usual = usual },
    }
  end,
}
