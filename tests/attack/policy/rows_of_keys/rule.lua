-- The rows of a node set name its keys.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local owners = me:incoming("own"):group({ n = "count" })
    local rows = owners:rows("who", "n")
    assert(rows[1].who == "[redacted]", rows[1].who)
    return { decision = "allow", output = rows }
  end,
}
