-- Every way to index a property gives the mask, on every node.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local seen = 0
    for other in me:both("transfer"):nodes():union(graph:set({ me })):of("Account"):each() do
      assert(other.pin == "[redacted]" and other["p" .. "in"] == "[redacted]")
      assert(#other.kind == 1, other.kind)
      assert(other.balance % 1000 == 0 and other.opened % (30 * 86400000) == 0)
      assert(#other.risk == 32 and not other.risk:find("[^0-9a-f]"))
      seen = seen + 1
    end
    assert(seen > 2)
    return { decision = "allow", reasons = { me.pin, me.kind, me.risk } }
  end,
}
