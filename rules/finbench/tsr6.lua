-- FinBench TSR6: blocked accounts that are fed by a sender who also feeds this one.
return {
  name        = "finbench_tsr6",
  description = "Blocked accounts that share a sender with an account",
  params      = {
    id        = { type = "string", required = true },
    startTime = { type = "timestamp", required = true },
    endTime   = { type = "timestamp", required = true },
  },
  reads       = { Account = { "isBlocked" }, transfer = {} },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local account = graph:node("Account", params.id)
    if not account then
      return { output = {} }
    end
    local function within(edges)
      return edges:after(params.startTime):before(params.endTime)
    end

    local senders = within(account:incoming("transfer")):nodes()
    local fed = within(senders:outgoing("transfer")):nodes()
                  :minus(graph:set({ account })):where("isBlocked", "==", true)
    return { output = fed:sorted():rows("dstId") }
  end,
}
