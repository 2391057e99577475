-- A property beyond the grant.
return {
  name      = "hostile",
  reads     = { Account = { "pin" }, Person = {}, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    return { decision = "allow", reasons = { me.pin } }
  end,
}
