-- Cycle: money that comes back.  Transfers in time order, each of nearly the same amount, that lead
-- from somebody over others back to him, and pass through this account on the way.
--
-- The account may stand anywhere in the circle: what it sent is followed forwards, what it
-- received backwards, and a circle is there if the two meet, or if it began here and comes home.
-- Why it works: money that returns has bought nothing; it feigns turnover or hides where it is from.
-- What fools it: a part split off on the way, a stop in cash, more accounts than `hops` allow.
-- False alarms: three firms that buy from each other for the same sum.
-- Cost: `fan` to the power of `hops` lists at worst; the amount's tolerance keeps it to a few.
return {
  name        = "cycle",
  description = "A sum passes through and returns to its sender over two to four others",
  owner       = "fraud",
  tags        = { "laundering", "path" },
  params      = {
    window    = { type = "duration", default = "10d", min = "1h" },
    tolerance = { type = "number", default = 0.12, min = 0, max = 1,
                  description = "how much of an amount may be lost or gained on the way" },
    smallest  = { type = "number", default = 1000, min = 0 },
    hops      = { type = "integer", default = 5, min = 2, max = 5,
                  description = "transfers followed in each direction" },
    fan       = { type = "integer", default = 100, min = 1, max = 1000,
                  description = "transfers looked at of each account, those nearest in time" },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { length = "integer?", amount = "number?" },
  limits      = { instructions = 2e6, memory = "1MiB", edges = 200000 },

  evaluate = function(_, request)
    local account, params = request.node, request.params
    local from, now = request.now - params.window, request.now

    local function like(edges, amount)
      local spread = amount * params.tolerance
      return edges:where("amount", ">=", amount - spread)
                  :where("amount", "<=", amount + spread)
    end

    -- where a sum that passed through `account` went to, or came from, with the fewest hops; and
    -- the way on which it came back to `account` itself
    local function follow(forwards, amount, time)
      local met = { [account] = { hops = 0, path = tostring(account) } }
      local trails, home = { { at = account, time = time } }, nil
      for hops = 1, params.hops do
        local onward = {}
        for _, trail in ipairs(trails) do
          local path = met[trail.at].path
          local edges = forwards and trail.at:outgoing("transfer"):between(trail.time, now)
                                           :earliest(params.fan)
                        or trail.at:incoming("transfer"):between(from, trail.time)
                                   :latest(params.fan)
          for edge, other in like(edges, amount):each() do
            if other == account and hops >= 3 then
              home = home or { hops = hops, path = path }
            elseif not met[other] then
              met[other] = { hops = hops, path = path .. ", " .. tostring(other) }
              onward[#onward + 1] = { at = other, time = edge.time }
            end
          end
        end
        trails = onward
      end
      return met, home
    end

    local function found(first, length, way)
      return {
        decision = "deny",
        score    = 1,
        reasons  = { ("%.2f sent to %s: it %s"):format(first.amount, tostring(first.target), way) },
        output   = { length = length, amount = first.amount },
      }
    end

    local sent = account:outgoing("transfer"):between(from, now)
                        :where("amount", ">=", params.smallest):latest(20)
    for first in sent:each() do
      local went_to, home = follow(true, first.amount, first.time)
      if home then   -- it began here
        return found(first, home.hops, "came back over " .. home.path)
      end
      local came_from = follow(false, first.amount, first.time)
      for other, forth in pairs(went_to) do
        local back = came_from[other]
        if back and other ~= account and forth.hops + back.hops >= 3 then
          return found(first, forth.hops + back.hops,
                       "went over " .. forth.path .. ", and had come over " .. back.path)
        end
      end
    end
    return { decision = "allow", score = 0, output = {} }
  end,
}
