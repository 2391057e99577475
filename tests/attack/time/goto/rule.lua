-- A web of gotos.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    ::a:: goto c
    ::b:: goto a
    ::c:: goto b
  end,
}
