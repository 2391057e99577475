-- A property that reads does not declare, granted or not.
return {
  name      = "hostile",
  reads     = { Account = {}, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    return { decision = "allow", reasons = { tostring(me["p" .. "in"]) } }
  end,
}
