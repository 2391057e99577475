-- One string of a third of the cap, and no other garbage: it has to fit.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(#("x"):rep(170000) == 170000)
    return { decision = "allow" }
  end,
}
