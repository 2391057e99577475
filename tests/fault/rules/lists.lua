-- Lists of edges in both directions: windows, cuts, conditions, merged lists, aggregates.
return {
  name      = "lists",
  params    = { window = { type = "duration", default = "6h" } },
  reads     = { Account = { "risk", "balance" }, Person = {}, Company = {}, Medium = {},
                transfer = { "amount", "cents" }, own = { "share" }, invest = { "ratio" },
                signIn = {} },
  decisions = { "allow", "review", "deny" },
  fallback  = "review",
  limits    = { instructions = 1e6, time = "9s", edges = 100000 },

  evaluate = function(_, request)
    local account, from = request.node, request.now - request.params.window
    local sent, received = account:outgoing("transfer"), account:incoming("transfer")
    local sum = sent:since(from):sum("amount") + received:since(from):sum("cents") / 100
    local seen = {}
    for edge, other in account:both("transfer"):where("amount", ">", 2):each() do
      seen[#seen + 1] = ("%.2f %d %s"):format(edge.amount, edge.time, edge.type)
      seen[other] = (seen[other] or 0) + edge.cents
      sum = sum + edge.source:outgoing("transfer"):before(edge.time):count()
                + edge.target:incoming("transfer"):latest(2):count()
    end
    for edge, owner in account:incoming("own"):each() do
      sum = sum + (edge.share or 0) + owner:outgoing("own"):count()
      for stake in owner:both("invest"):earliest(3):each() do
        sum = sum + stake.ratio
      end
    end
    local top = account:both("transfer"):top(3, "amount")
    local large = account:both("transfer"):largest(2, "cents"):distinct()
    local first = received:first()
    return {
      decision = sum > 100 and "review" or "allow",
      score    = #seen + large + account:both("signIn"):count(),
      reasons  = { seen[1], first and ("%d"):format(first.time) },
      output   = { top = #top, latest = sent:latest(2):max("time"), mean = received:avg("amount"),
                   least = sent:min("cents") },
    }
  end,
}
