-- Mule chain: nearly all of a large sum that came in leaves within hours, less a small fee, to
-- somebody who passes it on again or got it from somebody who did.
--
-- Why it works: a mule is paid by a cut and told to be quick.  One such account may be a subtenant's
-- landlord; two in a row are not.
-- What fools it: a mule who splits the sum, waits, or takes no fee.
-- False alarms: a circle (see cycle) looks like a chain until it closes.
-- Cost: a few lists for each large sum that came in, windows of hours each: hubs are read in part.
return {
  name        = "mule_chain",
  description = "Passes a sum on within hours, less a fee, in a chain of such",
  owner       = "fraud",
  tags        = { "laundering", "path" },
  params      = {
    delay    = { type = "duration", default = "12h", min = "1m", description = "longest stay of the money" },
    window   = { type = "duration", default = "3d", min = "1h" },
    smallest = { type = "number", default = 1500, min = 0 },
    fee      = { type = "number", default = 0.08, min = 0, max = 1, description = "largest fee" },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { chain = "integer" },
  limits      = { instructions = 2e6, memory = "512KiB", edges = 200000 },

  evaluate = function(_, request)
    local params = request.params
    local now = request.now

    -- the transfer that passes `edge` on, if its receiver does; and the one it passes on
    local function passed_on(edge)
      return edge.target:outgoing("transfer"):after(edge.time)
                 :up_to(math.min(now, edge.time + params.delay))
                 :where("amount", ">=", edge.amount * (1 - params.fee))
                 :where("amount", "<", edge.amount):first()
    end
    local function came_from(edge)
      return edge.source:incoming("transfer"):since(edge.time - params.delay):before(edge.time)
                 :where("amount", ">", edge.amount)
                 :where("amount", "<=", edge.amount / (1 - params.fee)):first()
    end

    local longest, reason = 0, nil
    local received = request.node:incoming("transfer"):between(now - params.window, now)
                            :where("amount", ">=", params.smallest)
    for first in received:each() do
      local onward = passed_on(first)
      if onward then
        local chain, edge = 2, came_from(first)
        while edge and chain < 8 do
          chain, edge = chain + 1, came_from(edge)
        end
        edge = passed_on(onward)
        while edge and chain < 8 do
          chain, edge = chain + 1, passed_on(edge)
        end
        if chain > longest then
          longest = chain
          reason = ("%.2f came in, %.2f went on to %s; %d such transfers in a row")
                     :format(first.amount, onward.amount, tostring(onward.target), chain)
        end
      end
    end
    return {
      decision = longest >= 3 and "deny" or longest == 2 and "review" or "allow",
      score    = longest,
      reasons  = { reason },
      output   = { chain = longest },
    }
  end,
}
