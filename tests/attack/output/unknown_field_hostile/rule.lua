-- A field whose name is unprintable and long.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", [("\0\27[2J\xff"):rep(1000)] = 1 }
  end,
}
