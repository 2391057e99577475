-- FinBench TCR6: cards that draw from accounts which many others pay into.
local CUTS = { TIMESTAMP_DESCENDING = "latest", TIMESTAMP_ASCENDING = "earliest",
               AMOUNT_DESCENDING = "largest", AMOUNT_ASCENDING = "smallest" }

local function cut(edges, params)
  return edges[CUTS[params.truncationOrder]](edges, params.truncationLimit, "amount")
end

local function above(edges, params, threshold)
  return cut(edges, params):after(params.startTime):before(params.endTime)
           :where("amount", ">", threshold)
end

return {
  name        = "finbench_tcr6",
  description = "Withdrawals to a card from accounts that gathered transfers",
  params      = {
    id              = { type = "string", required = true },
    threshold1      = { type = "number", default = 0 },
    threshold2      = { type = "number", default = 0 },
    cardType        = { type = "string", default = "card",
                        description = "what the type of a card account ends in" },
    startTime       = { type = "timestamp", required = true },
    endTime         = { type = "timestamp", required = true },
    truncationLimit = { type = "integer", default = 500, min = 1 },
    truncationOrder = { type = "string", default = "TIMESTAMP_DESCENDING",
                        choices = { "TIMESTAMP_DESCENDING", "TIMESTAMP_ASCENDING",
                                    "AMOUNT_DESCENDING", "AMOUNT_ASCENDING" } },
  },
  reads       = {
    Account = { "accountType" }, transfer = { "amount" }, withdraw = { "amount" },
  },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local card = graph:node("Account", params.id)
    if not card or card.accountType:sub(-#params.cardType) ~= params.cardType then
      return { output = {} }
    end
    local mids = above(card:incoming("withdraw"), params, params.threshold2)
                   :group({ sumEdge2Amount = { sum = "amount", round = 3 } })
    local gathered = above(mids:incoming("transfer"), params, params.threshold1)
                       :group({
                         by = "start", senders = "count",
                         sumEdge1Amount = { sum = "amount", round = 3 },
                       })
                       :where("senders", ">", 3)
    return {
      output = gathered:join(mids):sorted("-sumEdge2Amount")
                 :rows("midId", "sumEdge1Amount", "sumEdge2Amount"),
    }
  end,
}
