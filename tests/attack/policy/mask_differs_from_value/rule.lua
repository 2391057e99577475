-- The open principal sees what the masked one does not: the cases do look at something.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    assert(me.pin == "1234" and me.kind == "card" and me.key == "1" and me.balance == 1.25)
    return { decision = "allow" }
  end,
}
