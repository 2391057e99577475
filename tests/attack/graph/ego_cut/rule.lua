-- A view that is cut says so.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    assert(graph:ego(core, { hops = 3, max_nodes = 10 }):count() == 10)
    return { decision = "allow" }
  end,
}
