-- Sets of 20,000 nodes, all kept.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local kept = {}
    local leaves = hub:outgoing("transfer"):nodes()
    while true do
      kept[#kept + 1] = leaves:union(graph:set({ request.node }))
    end
  end,
}
