-- A number where it declares text.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { s = "string" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = { s = 5 } }
  end,
}
