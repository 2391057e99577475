-- Nodes and edges as keys of one large table, iterated while it changes.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for node in graph:node("Account", 50000):outgoing("transfer"):nodes():outgoing("transfer"):nodes():each() do t[node] = node end
    local n = 0
    for k in pairs(t) do t[k] = nil t[n] = k n = n + 1 end
    for k in pairs(t) do t[k] = nil end
    assert(next(t) == nil and n > 50)
    return { decision = "allow" }
  end,
}
