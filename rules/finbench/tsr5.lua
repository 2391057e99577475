-- FinBench TSR5: transfers into an account over a threshold, grouped by sender.
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
    local rows = account:incoming("transfer"):after(params.startTime):before(params.endTime)
                   :where("amount", ">", params.threshold)
                   :group({ numEdges = "count", sumAmount = { sum = "amount", round = 3 } })
    return { output = rows:sorted("-sumAmount"):rows("srcId") }
  end,
}
