-- FinBench TCR1: accounts near a given one that a blocked medium signed in to.
--
-- A trace must have strictly ascending times.  Of all traces of k transfers to an account
-- the one that arrives first leaves most open, so one time per account and step is enough.
return {
  name        = "finbench_tcr1",
  description = "Blocked media of the accounts within three ascending transfers",
  params      = {
    id              = { type = "string", required = true },
    startTime       = { type = "timestamp", required = true },
    endTime         = { type = "timestamp", required = true },
    truncationLimit = { type = "integer", default = 500, min = 1 },
    truncationOrder = { type = "string", default = "TIMESTAMP_DESCENDING",
                        choices = { "TIMESTAMP_DESCENDING", "TIMESTAMP_ASCENDING",
                                    "AMOUNT_DESCENDING", "AMOUNT_ASCENDING" } },
  },
  reads       = {
    Account = {}, Medium = { "isBlocked", "mediumType" },
    transfer = { "amount" }, signIn = {},
  },
  fallback    = "none",
  returns     = "list",
  limits      = { instructions = 20e6, memory = "4MiB", time = "2s", edges = 2000000 },

  evaluate = function(graph, request)
    local params = request.params
    local start = graph:node("Account", params.id)
    if not start then
      return { output = {} }
    end
    local function cut(edges)
      local order, limit = params.truncationOrder, params.truncationLimit
      if order == "AMOUNT_DESCENDING" then
        return edges:largest(limit, "amount")
      elseif order == "AMOUNT_ASCENDING" then
        return edges:smallest(limit, "amount")
      elseif order == "TIMESTAMP_ASCENDING" then
        return edges:earliest(limit)
      end
      return edges:latest(limit)
    end

    local rows = {}
    local arrival = { [start] = params.startTime }
    for distance = 1, 3 do
      local reached = {}
      for account, time in pairs(arrival) do
        local onward = cut(account:outgoing("transfer")):after(time):before(params.endTime)
        for edge, other in onward:each() do
          local first = reached[other]
          if not first or edge.time < first then
            reached[other] = edge.time
          end
        end
      end
      -- pairs() visits nodes in ascending order of their keys
      for other in pairs(reached) do
        local blocked = {}
        local media = other:incoming("signIn"):after(params.startTime)
                           :before(params.endTime):nodes()
                           :where("isBlocked", "==", true)
        for medium in media:each() do
          blocked[medium] = true
        end
        for medium in pairs(blocked) do
          rows[#rows + 1] = {
            otherId = other.key, accountDistance = distance,
            mediumId = medium.key, mediumType = medium.mediumType,
          }
        end
      end
      arrival = reached
    end
    return { output = rows }
  end,
}
