-- FinBench TCR7: fan-in and fan-out of an account.
local CUTS = { TIMESTAMP_DESCENDING = "latest", TIMESTAMP_ASCENDING = "earliest",
               AMOUNT_DESCENDING = "largest", AMOUNT_ASCENDING = "smallest" }

local function cut(edges, params)
  return edges[CUTS[params.truncationOrder]](edges, params.truncationLimit, "amount")
end

local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tcr7",
  description = "Distinct senders and receivers, and the ratio of money in to money out",
  params      = {
    id              = { type = "string", required = true },
    threshold       = { type = "number", default = 0 },
    startTime       = { type = "timestamp", required = true },
    endTime         = { type = "timestamp", required = true },
    truncationLimit = { type = "integer", default = 500, min = 1 },
    truncationOrder = { type = "string", default = "TIMESTAMP_DESCENDING",
                        choices = { "TIMESTAMP_DESCENDING", "TIMESTAMP_ASCENDING",
                                    "AMOUNT_DESCENDING", "AMOUNT_ASCENDING" } },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local account = graph:node("Account", params.id)
    if not account then
      return { output = { { numSrc = 0, numDst = 0, inOutRatio = -1 } } }
    end
    local function visible(edges)
      return cut(edges, params):after(params.startTime):before(params.endTime)
               :where("amount", ">", params.threshold)
    end

    local received = visible(account:incoming("transfer"))
    local sent = visible(account:outgoing("transfer"))
    local ratio = -1
    if sent:exists() then
      ratio = round(received:sum("amount") / sent:sum("amount"))
    end
    return { output = { {
      numSrc = received:distinct(), numDst = sent:distinct(), inOutRatio = ratio,
    } } }
  end,
}
