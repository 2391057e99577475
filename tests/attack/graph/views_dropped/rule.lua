-- Views, scores and groups made and dropped by the thousand are collected.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)

    for _ = 1, 2000 do
      local view = graph:ego(core, { hops = 1, edges = "transfer" })
      view:degree()
      view:components()
    end
    return { decision = "allow" }
  end,
}
