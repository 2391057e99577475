-- FinBench TCR2: the loans behind the money that a person gathers.
--
-- Walked backwards, times must strictly descend.  Of all traces of k transfers from an
-- account the one that leaves it last keeps most open, so one time per account and step is
-- enough.
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
  limits      = { instructions = 20e6, memory = "4MiB", time = "2s", edges = 2000000 },

  evaluate = function(graph, request)
    local params = request.params
    local person = graph:node("Person", params.id)
    if not person then
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

    local departure, others = {}, {}
    for account in person:outgoing("own"):nodes():each() do
      departure[account] = params.endTime
    end
    for _ = 1, 3 do
      local reached = {}
      for account, time in pairs(departure) do
        local back = cut(account:incoming("transfer")):after(params.startTime):before(time)
        for edge, other in back:each() do
          local last = reached[other]
          if not last or edge.time > last then
            reached[other] = edge.time
          end
          others[other] = true
        end
      end
      departure = reached
    end

    -- pairs() visits nodes in ascending order of their keys
    local rows = {}
    for other in pairs(others) do
      local loans = other:incoming("deposit"):after(params.startTime)
                         :before(params.endTime):nodes()
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
