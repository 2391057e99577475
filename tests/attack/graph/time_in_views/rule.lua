-- The clock runs out in the middle of making views.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local view = graph:ego(core, { hops = 6, edges = "transfer", direction = "outgoing", max_nodes = 400 })
    while true do
      pcall(function() graph:ego(core, { hops = 6, edges = "transfer" }) end)
    end
  end,
}
