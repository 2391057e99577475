-- A map where it declares a list.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  returns   = { l = "list" },
  evaluate  = function(graph, request)
    return { decision = "allow", output = { l = { 1, 2, x = 3 } } }
  end,
}
