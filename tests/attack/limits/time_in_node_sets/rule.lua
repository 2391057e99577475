-- The same over node sets, which charge instructions.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local leaves = hub:outgoing("transfer"):nodes()
    while true do
      pcall(leaves.intersect, leaves, leaves)
    end
  end,
}
