-- Nothing is found, but each of 20,000 lists is looked for: probing is charged.
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
      assert(leaves:outgoing("transfer"):count() == 0)
    end
  end,
}
