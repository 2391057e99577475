-- FinBench TCR4: transfers that close a triangle over two accounts.
local function within(edges, params)
  return edges:after(params.startTime):before(params.endTime)
end

return {
  name        = "finbench_tcr4",
  description = "Accounts that send to one account and receive from another it pays",
  params      = {
    id1       = { type = "string", required = true },
    id2       = { type = "string", required = true },
    startTime = { type = "timestamp", required = true },
    endTime   = { type = "timestamp", required = true },
  },
  reads       = { Account = {}, transfer = { "amount" } },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local source = graph:node("Account", params.id1)
    local target = graph:node("Account", params.id2)
    if not source or not target or
       not within(source:outgoing("transfer"), params):nodes():contains(target) then
      return { output = {} }
    end
    local into = within(source:incoming("transfer"), params):group({
      numEdge2       = "count",
      sumEdge2Amount = { sum = "amount", round = 3 },
      maxEdge2Amount = { max = "amount", round = 3 },
    })
    local out = within(target:outgoing("transfer"), params):group({
      numEdge3       = "count",
      sumEdge3Amount = { sum = "amount", round = 3 },
      maxEdge3Amount = { max = "amount", round = 3 },
    })
    return {
      output = into:join(out):sorted("-sumEdge2Amount", "-sumEdge3Amount"):rows("otherId"),
    }
  end,
}
