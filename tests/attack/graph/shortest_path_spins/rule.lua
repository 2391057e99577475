-- Searches from both ends, for ever.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local hub = graph:node("Account", 1000)
    pcall(function() while true do graph:shortest_path(core, graph:node("Account", 50250)) end end)
    return { decision = "allow" }
  end,
}
