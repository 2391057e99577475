-- A field that is not declared, with a hostile name.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { a = "integer" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = { a = 1, ["\0\27"] = 2 } }
  end,
}
