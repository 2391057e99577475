-- The largest of 200,000 edges, with a millisecond.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    while true do pcall(function() return hub:outgoing("transfer"):largest(1000, "amount"):sum("amount") end) end
  end,
}
