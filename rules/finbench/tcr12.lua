-- FinBench TCR12: what a person's accounts sent to accounts of companies.
local CUTS = { TIMESTAMP_DESCENDING = "latest", TIMESTAMP_ASCENDING = "earliest",
               AMOUNT_DESCENDING = "largest", AMOUNT_ASCENDING = "smallest" }

local function cut(edges, params)
  return edges[CUTS[params.truncationOrder]](edges, params.truncationLimit, "amount")
end

return {
  name        = "finbench_tcr12",
  description = "Transfers of a person to company accounts, by account",
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
    Person = {}, Company = {}, Account = {}, own = {}, transfer = { "amount" },
  },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local person = graph:node("Person", params.id)
    if not person then
      return { output = {} }
    end
    local paid = cut(person:outgoing("own"):nodes():outgoing("transfer"), params)
                   :after(params.startTime):before(params.endTime)
                   :group({ sumEdge2Amount = { sum = "amount", round = 3 } })
    local companies = paid:incoming("own"):nodes():of("Company")
    return {
      output = paid:intersect(companies:outgoing("own"):nodes())
                 :sorted("-sumEdge2Amount"):rows("compAccountId"),
    }
  end,
}
