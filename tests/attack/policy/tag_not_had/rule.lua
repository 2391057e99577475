-- A rule without the tag.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  tags      = { "frauds", "Fraud" },
  evaluate  = function(graph, request)
    local me = request.node
    return { decision = "allow" }
  end,
}
