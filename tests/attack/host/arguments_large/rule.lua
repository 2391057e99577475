return {
  name      = "hostile",
  reads     = {},
  functions = { "count" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(30000)
    host.count(s, s, s)
    return { decision = "allow" }
  end,
}
