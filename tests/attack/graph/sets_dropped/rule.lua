-- Thousands of large sets, none kept: what is dropped is collected.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local leaves = hub:outgoing("transfer"):limit(5000):nodes()
    for i = 1, 2000 do
      assert(leaves:limit(4000):count() == 4000)
    end
    return { decision = "allow" }
  end,
}
