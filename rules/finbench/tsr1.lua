-- FinBench TSR1: an account's own properties.
return {
  name        = "finbench_tsr1",
  description = "Creation time, blocked flag and type of an account",
  params      = { id = { type = "string", required = true } },
  reads       = { Account = { "createTime", "isBlocked", "accountType" } },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local account = graph:node("Account", request.params.id)
    if not account then
      return { output = {} }
    end
    return { output = { {
      createTime = account.createTime,
      isBlocked  = account.isBlocked,
      type       = account.accountType,
    } } }
  end,
}
