-- Guilt by association: how closely an account deals with accounts that investigators froze.
--
-- Why it works: rings are found one member at a time, and the others go on dealing with each
-- other.  A walk from the account along its large transfers that turns back half the time
-- (personalised PageRank) meets a frozen account the more often the nearer it is and the fewer
-- others are as near: an employer who pays ten thousand people ties none of them to another.
-- What fools it: a ring that deals in cash, in small sums, or through a busy shop; and a frozen
-- account with hundreds of large transfers, which is a hub itself.
-- False alarms: victims.  Who was robbed stands as near to the thief as his accomplices do, so
-- this asks for a look and never denies.
-- Cost: the walk ends where less than a thousandth of it arrives for each transfer, so that it does
-- not go on from hubs; but to know that one is a hub its list is gone over, once.  Some thousands
-- of edges: for a nightly sweep, not for every payment.
return {
  name        = "guilt_by_association",
  description = "Deals closely with accounts that were frozen",
  owner       = "fraud",
  tags        = { "network", "sweep" },
  params      = {
    window   = { type = "duration", default = "180d", min = "1d", description = "transfers that tie" },
    smallest = { type = "number", default = 1000, min = 0, description = "smaller ones tie nobody" },
    decay    = { type = "number", default = 0.5, min = 0.1, max = 0.9,
                 description = "what is left of guilt after each transfer" },
    guilt    = { type = "number", default = 0.02, min = 0.001, max = 1,
                 description = "share of the walk that ends at frozen accounts to alert at" },
  },
  reads       = { Account = {}, Case = {}, transfer = { "amount" }, froze = {} },
  decisions   = { "allow", "review" },
  fallback    = "review",
  returns     = { guilt = "number", frozen = "integer" },
  limits      = { instructions = 200000, memory = "512KiB", edges = 100000 },

  evaluate = function(graph, request)
    local account, params, now = request.node, request.params, request.now
    local near = graph:personalised_pagerank(account, {
      damping = params.decay, epsilon = 1e-3, direction = "both",
      edges = { transfer = { since = now - params.window, up_to = now,
                             where = { "amount", ">=", params.smallest } } } })

    local frozen = near:nodes():incoming("froze"):up_to(now)
                       :group({ by = "start", cases = "count" })
                       :where("cases", ">", 0):minus(graph:set({ account }))
    local guilt, nearest = 0, nil
    for other in frozen:each() do
      local share = near:of(other)
      guilt = guilt + share
      if not nearest or share > near:of(nearest) then
        nearest = other
      end
    end
    return {
      decision = guilt >= params.guilt and "review" or "allow",
      score    = guilt,
      reasons  = nearest and { ("%.1f%% of a walk ends at %d frozen accounts, mostly %s")
                                 :format(guilt * 100, frozen:count(), tostring(nearest)) },
      output   = { guilt = guilt, frozen = frozen:count() },
    }
  end,
}
