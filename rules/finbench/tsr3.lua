-- FinBench TSR3: the share of an account's transfers in that come from blocked accounts.
local function round(x)
  return math.floor(x * 1000 + 0.5) / 1000
end

return {
  name        = "finbench_tsr3",
  description = "Transfers in from blocked accounts over all transfers in",
  params      = {
    id        = { type = "string", required = true },
    threshold = { type = "number", default = 0 },
    startTime = { type = "timestamp", required = true },
    endTime   = { type = "timestamp", required = true },
  },
  reads       = { Account = { "isBlocked" }, transfer = { "amount" } },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local account = graph:node("Account", params.id)
    local received = account and account:incoming("transfer")
    local all = received and received:count() or 0
    if all == 0 then
      return { output = { { blockRatio = -1 } } }
    end
    local blocked = 0
    local large = received:after(params.startTime):before(params.endTime)
                          :where("amount", ">", params.threshold)
    for _, sender in large:each() do
      if sender.isBlocked then
        blocked = blocked + 1
      end
    end
    return { output = { { blockRatio = round(blocked / all) } } }
  end,
}
