-- What xpcall's handler is given.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local ann = me:incoming("own"):nodes():each()()
    local _, said = xpcall(function() return ann.name + 1 end, function(m) return m end)
    assert(not said:find("Ann", 1, true), said)
    return { decision = "allow", reasons = { said } }
  end,
}
