-- More cycles than can be counted, without reading much: the budget of instructions ends it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    pcall(function() return graph:cycles(core, { hops = 16, edges = "transfer", list = false }) end)
    return { decision = "allow" }
  end,
}
