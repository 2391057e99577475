-- 200 expansions behind each other in one expression that is made at run time.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local set = graph:node("Account", 50000):outgoing("transfer"):nodes()
    for _ = 1, 200 do set = set:outgoing("transfer"):nodes() end
    return { decision = set:count() > 0 and "allow" }
  end,
}
