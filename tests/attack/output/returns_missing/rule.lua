-- A field that is missing.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { a = "integer", b = "integer" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = { a = 1 } }
  end,
}
