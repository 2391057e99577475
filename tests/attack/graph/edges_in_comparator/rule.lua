-- A comparator that reads the hub's edges for each comparison.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub, t = graph:node("Account", 1000), {}
    for i = 1, 100 do t[i] = i end
    table.sort(t, function(a, b) pcall(function() return hub:outgoing("transfer"):where("amount", ">", a):count() end) return a < b end)
  end,
}
