-- Counting the supernode costs a probe, not a scan: no budget is touched.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    for _ = 1, 100 do
      assert(hub:outgoing("transfer"):count() == 200000)
      assert(hub:outgoing("transfer"):exists())
      assert(hub:outgoing("transfer"):since(1600000000000):before(1600000010000):count() == 10)
      assert(hub:outgoing("transfer"):latest(7):count() == 7)
    end
    return { decision = "allow" }
  end,
}
