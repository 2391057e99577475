-- As many as fit, then read back and walked in order.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local seen, n = {}, 0
    for edge, other in hub:outgoing("transfer"):limit(15000):each() do
      seen[other], n = edge, n + 1
    end
    local last
    for other, edge in pairs(seen) do
      assert(edge.target == other and (not last or last < tonumber(other.key)))
      last, n = tonumber(other.key), n - 1
    end
    assert(n == 0)
    return { decision = "allow" }
  end,
}
