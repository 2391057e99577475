-- The same for edges.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { edges = 100000 },
  evaluate  = function(graph, request)
    local me = request.node
    local n = 0
    for _ in me:both("transfer"):nodes():both("transfer"):each() do n = n + 1 end
    return { decision = "allow" }
  end,
}
