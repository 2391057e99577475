-- FinBench TCR8: where a loan's money went, three steps on.
--
-- An edge counts if it carries more than a share of what its source account received.  What
-- an account passes on is counted when it is first reached: it does not depend on the step.
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
  name        = "finbench_tcr8",
  description = "Accounts a loan's money reached, their share of it, their distance",
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
    Loan = { "loanAmount" }, Account = {},
    deposit = {}, transfer = { "amount" }, withdraw = { "amount" },
  },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local loan = graph:node("Loan", params.id)
    if not loan then
      return { output = {} }
    end
    local amount, distance, reached = {}, {}, {}
    local level = within(loan:outgoing("deposit"), params):nodes()
    local seen = level
    for step = 1, 3 do
      local sources = within(level:incoming("transfer"), params):group({
        by = "start", least = { sum = "amount", times = params.threshold },
      })
      local next_level = graph:set({})
      for _, type in ipairs({ "transfer", "withdraw" }) do
        local passed_on = within(cut(sources:outgoing(type), params), params)
                            :where("amount", ">", "least")
                            :group({ sum = { sum = "amount" } })
        for account, sum in passed_on:each("sum") do
          if not distance[account] then
            distance[account] = step + 1
            reached[#reached + 1] = account
          end
          amount[account] = (amount[account] or 0) + sum
        end
        next_level = next_level:union(passed_on)
      end
      level = next_level:minus(seen)
      seen = seen:union(level)
    end

    local rows = {}
    for at, account in ipairs(reached) do
      rows[at] = {
        dstId = account.key, ratio = round(amount[account] / loan.loanAmount),
        minDistanceFromLoan = distance[account],
      }
    end
    table.sort(rows, function(a, b)
      if a.minDistanceFromLoan ~= b.minDistanceFromLoan then
        return a.minDistanceFromLoan > b.minDistanceFromLoan
      elseif a.ratio ~= b.ratio then
        return a.ratio > b.ratio
      end
      return #a.dstId < #b.dstId or (#a.dstId == #b.dstId and a.dstId < b.dstId)
    end)
    return { output = rows }
  end,
}
