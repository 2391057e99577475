-- FinBench TSR4: transfers out of an account over a threshold, grouped by receiver.
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
    local rows = account:outgoing("transfer"):after(params.startTime):before(params.endTime)
                   :where("amount", ">", params.threshold)
                   :group({ numEdges = "count", sumAmount = { sum = "amount", round = 3 } })
    return { output = rows:sorted("-sumAmount"):rows("dstId") }
  end,
}
