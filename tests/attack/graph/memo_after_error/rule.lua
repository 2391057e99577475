-- A scan over a node set that fails in the middle leaves no half-made memory of it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local near = graph:node("Account", 50000):outgoing("transfer"):nodes()
    local recent = near:outgoing("transfer"):since(1600003600000)
    local count = recent:count()
    for _ = 1, 20 do
      pcall(recent.top, recent, 10, "nothing")
      pcall(recent.where, recent, "amount", "==", "text")
      local other = near:outgoing("transfer"):since(1600003600001)
      other:sum("amount")
      assert(recent:count() == count and recent:nodes():count() == recent:distinct())
      local n = 0
      for _ in recent:each() do
        other:count()
        n = n + 1
      end
      assert(n == count)
    end
    return { decision = "allow" }
  end,
}
