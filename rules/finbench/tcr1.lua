-- FinBench TCR1: accounts near a given one that a blocked medium signed in to.
--
-- A trace must have strictly ascending times.  Of all traces of k transfers to an account
-- the one that arrives first leaves most open, so one time per account and step is enough.
local CUTS = { TIMESTAMP_DESCENDING = "latest", TIMESTAMP_ASCENDING = "earliest",
               AMOUNT_DESCENDING = "largest", AMOUNT_ASCENDING = "smallest" }

local function cut(edges, params)
  return edges[CUTS[params.truncationOrder]](edges, params.truncationLimit, "amount")
end

local function within(edges, params)
  return edges:after(params.startTime):before(params.endTime)
end

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

  evaluate = function(graph, request)
    local params = request.params
    local start = graph:node("Account", params.id)
    if not start then
      return { output = {} }
    end
    local rows = {}
    local reached = graph:set({ start }):with({ arrival = params.startTime })
    for distance = 1, 3 do
      reached = cut(reached:outgoing("transfer"), params)
                  :after("arrival"):before(params.endTime)
                  :group({ arrival = { min = "time" } })
      for other in reached:sorted():each() do
        local media = within(other:incoming("signIn"), params):nodes()
                        :where("isBlocked", "==", true)
        for medium in media:sorted():each() do
          rows[#rows + 1] = {
            otherId = other.key, accountDistance = distance,
            mediumId = medium.key, mediumType = medium.mediumType,
          }
        end
      end
    end
    return { output = rows }
  end,
}
