-- Handles have no order of their own.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local near = me:outgoing("transfer"):nodes():each()()
    assert(not pcall(function() return me < near end))
    assert(not pcall(function() return me + 0 end))
    assert(not pcall(function() return me .. "" end))
    assert(not pcall(string.rep, me, 2))
    assert(tonumber(me) == nil)
    assert(#tostring(me) == #"Account:" + 32)
    return { decision = "allow" }
  end,
}
