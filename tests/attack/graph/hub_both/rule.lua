-- The supernode's lists of all label pairs and directions, merged.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    return { decision = "allow", score = hub:both("transfer"):sum("amount") }
  end,
}
