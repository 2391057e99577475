-- FinBench TCR2: the loans behind the money that a person gathers.
--
-- Walked backwards, times must strictly descend.  Of all traces of k transfers from an
-- account the one that leaves it last keeps most open, so one time per account and step is
-- enough.
local CUTS = { TIMESTAMP_DESCENDING = "latest", TIMESTAMP_ASCENDING = "earliest",
               AMOUNT_DESCENDING = "largest", AMOUNT_ASCENDING = "smallest" }

local function cut(edges, params)
  return edges[CUTS[params.truncationOrder]](edges, params.truncationLimit, "amount")
end

local function within(edges, params)
  return edges:after(params.startTime):before(params.endTime)
end

local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tcr2",
  description = "Loans deposited into accounts that feed a person's own",
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
    Person = {}, Account = {}, Loan = { "loanAmount", "balance" },
    own = {}, transfer = { "amount" }, deposit = {},
  },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local person = graph:node("Person", params.id)
    if not person then
      return { output = {} }
    end
    local reached = person:outgoing("own"):nodes():with({ departure = params.endTime })
    local others = graph:set({})
    for _ = 1, 3 do
      reached = cut(reached:incoming("transfer"), params)
                  :after(params.startTime):before("departure")
                  :group({ departure = { max = "time" } })
      others = others:union(reached)
    end

    local rows = {}
    for other in others:sorted():each() do
      local loans = within(other:incoming("deposit"), params):nodes()
      if loans:exists() then
        rows[#rows + 1] = {
          otherId = other.key, at = #rows,
          sumLoanAmount = round(loans:sum("loanAmount")),
          sumLoanBalance = round(loans:sum("balance")),
        }
      end
    end
    table.sort(rows, function(a, b)
      if a.sumLoanAmount ~= b.sumLoanAmount then
        return a.sumLoanAmount > b.sumLoanAmount
      end
      return a.at < b.at
    end)
    for _, row in ipairs(rows) do
      row.at = nil
    end
    return { output = rows }
  end,
}
