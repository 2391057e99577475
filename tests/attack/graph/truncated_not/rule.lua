-- Cuts that drop nothing, and cuts that are never made, leave it unsaid.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = request.node:outgoing("transfer")
    local n = set:count()
    assert(set:latest(n):count() == n and set:limit(n):sum("amount") > 0 and set:earliest(n):nodes():exists())
    assert(set:where("amount", ">", 0):limit(n):count() == n and set:largest(n, "amount"):count() == n)
    local unused = set:limit(1)
    unused = hub:outgoing("transfer"):latest(1)
    return { decision = "allow" }
  end,
}
