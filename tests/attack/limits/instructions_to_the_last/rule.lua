-- A loop that fits its budget exactly.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for i = 1, 1000 do end return { decision = "allow" }
  end,
}
