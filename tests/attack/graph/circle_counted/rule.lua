-- Counting costs one edge a time, so the instructions end it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local n = 0
    while true do
      n = n + request.node:outgoing("transfer"):count()
    end
  end,
}
