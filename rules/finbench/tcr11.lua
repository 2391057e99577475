-- FinBench TCR11: the loans of all that a chain of guarantees leads to.
local CUTS = { TIMESTAMP_DESCENDING = "latest", TIMESTAMP_ASCENDING = "earliest" }

local function cut(edges, params)
  return edges[CUTS[params.truncationOrder]](edges, params.truncationLimit)
end

local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tcr11",
  description = "Loans applied for by the persons a person vouches for, to any depth",
  params      = {
    id              = { type = "string", required = true },
    startTime       = { type = "timestamp", required = true },
    endTime         = { type = "timestamp", required = true },
    truncationLimit = { type = "integer", default = 500, min = 1 },
    truncationOrder = { type = "string", default = "TIMESTAMP_DESCENDING",
                        choices = { "TIMESTAMP_DESCENDING", "TIMESTAMP_ASCENDING" } },
  },
  reads       = {
    Person = {}, Loan = { "loanAmount" }, guarantee = {}, apply = {},
  },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local person = graph:node("Person", params.id)
    local reached = graph:set({})
    local frontier = graph:set({ person })
    while frontier:exists() do
      frontier = cut(frontier:outgoing("guarantee"), params)
                   :after(params.startTime):before(params.endTime):nodes():minus(reached)
      reached = reached:union(frontier)
    end
    local loans = reached:outgoing("apply"):nodes()
    return { output = { {
      sumLoanAmount = round(loans:sum("loanAmount")), numLoans = loans:count(),
    } } }
  end,
}
