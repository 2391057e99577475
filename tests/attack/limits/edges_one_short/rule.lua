-- One edge less.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    pcall(function() core:outgoing("transfer"):sum("amount") end)
    return { decision = "allow" }
  end,
}
