-- A label beyond the grant.
return {
  name      = "hostile",
  reads     = { Account = {}, Secret = { "word" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    return { decision = "allow" }
  end,
}
