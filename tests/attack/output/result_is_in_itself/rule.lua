-- The result contains itself.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local r = { decision = "allow" }
    r.output = r
    return r
  end,
}
