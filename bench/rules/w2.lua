-- W2, cycle: money that returns within a week over two others, amounts within a fifth.
local DAY = 86400000
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min

return {
  name     = "w2_cycle",
  reads    = { Account = {}, transfer = { "amount" } },
  fallback = "none",
  returns  = "list",
  limits   = { instructions = 200e6, memory = "4MiB", time = "5s", edges = 50000000 },

  evaluate = function(_, request)
    local now, account = request.now, request.node
    local from = now - 30 * DAY
    local received = account:incoming("transfer"):after(from):up_to(now)
    local sent = account:outgoing("transfer"):after(from):up_to(now)
    if not (received:exists() and sent:exists()) then
      return { output = { 0, 0 } }
    end

    -- the closing transfers by their sender, earliest first
    local closing = {}
    for edge, sender in received:each() do
      local list = closing[sender]
      if not list then
        list = {}
        closing[sender] = list
      end
      list[#list + 1] = edge
    end

    local count, best = 0, 0
    for first, via in sent:each() do
      local t1, a = first.time, first.amount
      local last = min(now, t1 + 7 * DAY)
      local second = via:outgoing("transfer"):after(t1):up_to(last)
                        :where("amount", ">=", ceil(a * 5 / 6))
                        :where("amount", "<=", floor(a * 6 / 5))
      for edge, other in second:each() do
        local list = closing[other]
        if list then
          local t2, b = edge.time, edge.amount
          local high, low = max(a, b), min(a, b)
          for _, third in ipairs(list) do
            local t3, c = third.time, third.amount
            if t3 > last then
              break
            end
            if t3 > t2 and 5 * max(high, c) <= 6 * min(low, c) then
              count = count + 1
              best = max(best, a + b + c)
            end
          end
        end
      end
    end
    return { output = { count, best } }
  end,
}
