-- Large scratch, a thousand times over: each finishing method gives its own back.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = hub:outgoing("transfer"):latest(20000)
    for _ = 1, 100 do
      assert(set:distinct() == 20000)
      assert(set:where("amount", ">=", 0):earliest(20000):count() == 20000)
      pcall(set.top, set, 100, "amount")
    end
    return { decision = "allow" }
  end,
}
