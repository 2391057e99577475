-- Everything beyond the grant is named at once.
return {
  name      = "hostile",
  reads     = { Account = { "pin", "kind" }, hide = {}, transfer = { "code" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    return { decision = "allow" }
  end,
}
