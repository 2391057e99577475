-- A 3-hop expansion of the cluster with a millisecond to do it in.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do
      local set = graph:node("Account", 50000):outgoing("transfer"):nodes()
      for _ = 1, 8 do set = set:outgoing("transfer"):nodes():union(set) end
      pcall(function() return set:count() end)
    end
  end,
}
