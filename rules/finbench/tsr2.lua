-- FinBench TSR2: totals of an account's transfers in a window.
local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tsr2",
  description = "Sum, largest and number of transfers out of and into an account",
  params      = {
    id        = { type = "string", required = true },
    startTime = { type = "timestamp", required = true },
    endTime   = { type = "timestamp", required = true },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local account = graph:node("Account", params.id)
    local function totals(edges)
      edges = edges:after(params.startTime):before(params.endTime)
      return round(edges:sum("amount")), round(edges:max("amount") or -1), edges:count()
    end

    local out_sum, out_max, out_count = 0, -1, 0
    local in_sum, in_max, in_count = 0, -1, 0
    if account then
      out_sum, out_max, out_count = totals(account:outgoing("transfer"))
      in_sum, in_max, in_count = totals(account:incoming("transfer"))
    end
    return { output = { {
      sumEdge1Amount = out_sum, maxEdge1Amount = out_max, numEdge1 = out_count,
      sumEdge2Amount = in_sum, maxEdge2Amount = in_max, numEdge2 = in_count,
    } } }
  end,
}
