-- FinBench TCR9: an account's loans against its transfers.
local CUTS = { TIMESTAMP_DESCENDING = "latest", TIMESTAMP_ASCENDING = "earliest",
               AMOUNT_DESCENDING = "largest", AMOUNT_ASCENDING = "smallest" }

local function cut(edges, params)
  return edges[CUTS[params.truncationOrder]](edges, params.truncationLimit, "amount")
end

local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tcr9",
  description = "Ratios of money borrowed, paid back, received and sent",
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
  reads       = {
    Account = {}, Loan = {}, deposit = { "amount" }, repay = { "amount" },
    transfer = { "amount" },
  },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local account = graph:node("Account", params.id)
    if not account then
      return { output = { { ratioRepay = -1, ratioDeposit = -1, ratioTransfer = -1 } } }
    end
    local function counted(edges)
      return edges:after(params.startTime):before(params.endTime)
               :where("amount", ">", params.threshold)
    end
    local function ratio(over, under)
      return under:exists() and round(over:sum("amount") / under:sum("amount")) or -1
    end

    local borrowed = counted(account:incoming("deposit"))
    local repaid = counted(account:outgoing("repay"))
    local received = counted(cut(account:incoming("transfer"), params))
    local sent = counted(cut(account:outgoing("transfer"), params))
    return { output = { {
      ratioRepay = ratio(borrowed, repaid), ratioDeposit = ratio(borrowed, sent),
      ratioTransfer = ratio(received, sent),
    } } }
  end,
}
