-- A loop beyond 2^53, where i + 1 is i.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for i = 2 ^ 53, 2 ^ 53 + 2 do end for i = 2 ^ 60, 2 ^ 60 + 1 do end
  end,
}
