-- Views kept, one beside the other.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local all = {}
    while true do
      all[#all + 1] = graph:ego(core, { hops = 2 })
    end
  end,
}
