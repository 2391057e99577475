-- A budget that is exactly what is needed, and no more: one probe, 204 edges.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    core:outgoing("transfer"):sum("amount")
    return { decision = "allow" }
  end,
}
