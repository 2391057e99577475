-- A cycle through an array, a map and a long way round.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local a, b, c = {}, {}, {}
    a[1], b.x, c[2], c[1] = b, c, a, 1
    return { decision = "allow", output = { { { a } } } }
  end,
}
