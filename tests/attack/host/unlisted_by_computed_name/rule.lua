return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    host["cou" .. "nt"](1)
    return { decision = "allow" }
  end,
}
