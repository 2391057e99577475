return {
  name      = "hostile",
  reads     = {},
  functions = { "fail" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    host.fail()
    return { decision = "allow" }
  end,
}
