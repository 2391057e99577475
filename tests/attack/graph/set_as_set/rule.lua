-- Every finishing method of a node set, in a loop over a large one.
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
      leaves:sum("risk")
      leaves:top(10000, "balance")
      leaves:where("kind", "==", "card")
      leaves:of("Account")
    end
  end,
}
