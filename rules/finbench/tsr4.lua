-- FinBench TSR4: transfers out of an account over a threshold, grouped by receiver.
local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tsr4",
  description = "Transfers out over a threshold, by receiver",
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
    local edges = account:outgoing("transfer"):after(params.startTime):before(params.endTime)
                         :where("amount", ">", params.threshold)
    for edge, receiver in edges:each() do
      count[receiver] = (count[receiver] or 0) + 1
      sum[receiver] = (sum[receiver] or 0) + edge.amount
    end
    -- pairs() visits nodes in ascending order of their keys
    local rows = {}
    for receiver, edges_of in pairs(count) do
      rows[#rows + 1] = {
        dstId = receiver.key, numEdges = edges_of, sumAmount = round(sum[receiver]), at = #rows,
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
