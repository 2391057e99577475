-- W2, cycle: money that returns within a week over two others, amounts within a fifth.
local DAY = 86400000
local RING = { hops = 3, within = 7 * DAY, property = "amount", ratio = 1.2 }

return {
  name     = "w2_cycle",
  reads    = { Account = {}, transfer = { "amount" } },
  fallback = "none",
  returns  = "list",
  limits   = { instructions = 200e6, memory = "4MiB", time = "5s", edges = 50000000 },

  evaluate = function(_, request)
    local now = request.now
    local sent = request.node:outgoing("transfer"):between(now - 30 * DAY + 1, now)
    local count, largest = sent:cycles(RING)
    return { output = { count, largest or 0 } }
  end,
}
