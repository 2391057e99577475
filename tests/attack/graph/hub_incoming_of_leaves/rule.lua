-- Every leaf's incoming list, which is the supernode's outgoing one from behind.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local leaves = hub:outgoing("transfer"):nodes()
    assert(leaves:count() == 20000)
    local n = 0
    while true do
      n = n + leaves:incoming("transfer"):nodes():count()
    end
  end,
}
