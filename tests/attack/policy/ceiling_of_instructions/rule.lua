-- A principal's own ceiling is below the rule's.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { instructions = 1000000 },
  evaluate  = function(graph, request)
    local me = request.node
    while true do end
  end,
}
