-- FinBench TSR5: transfers into an account over a threshold, grouped by sender.
local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tsr5",
  description = "Transfers in over a threshold, by sender",
  params      = {
    id        = { type = "string", required = true },
    threshold = { type = "number", default = 0 },
    startTime = { type = "timestamp", required = true },
    endTime   = { type = "timestamp", required = true },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local account = graph:node("Account", params.id)
    if not account then
      return { output = {} }
    end
    local count, sum = {}, {}
    local edges = account:incoming("transfer"):after(params.startTime):before(params.endTime)
                         :where("amount", ">", params.threshold)
    for edge, sender in edges:each() do
      count[sender] = (count[sender] or 0) + 1
      sum[sender] = (sum[sender] or 0) + edge.amount
    end
    -- pairs() visits nodes in ascending order of their keys
    local rows = {}
    for sender, edges_of in pairs(count) do
      rows[#rows + 1] = {
        srcId = sender.key, numEdges = edges_of, sumAmount = round(sum[sender]), at = #rows,
      }
    end
    table.sort(rows, function(a, b)
      if a.sumAmount ~= b.sumAmount then
        return a.sumAmount > b.sumAmount
      end
      return a.at < b.at
    end)
    for _, row in ipairs(rows) do
      row.at = nil
    end
    return { output = rows }
  end,
}
