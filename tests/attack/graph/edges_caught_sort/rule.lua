-- The edges run out in a comparator.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    pcall(table.sort, { 3, 1, 2 }, function(a, b) return hub:outgoing("transfer"):sum("amount") > a and a < b end)
    return { decision = "allow" }
  end,
}
