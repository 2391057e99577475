-- graph:node of keys that are long, and not there.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local key = ("9"):rep(10000)
    while true do graph:node("Account", key) graph:node("Person", key) end
  end,
}
