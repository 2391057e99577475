-- One native request larger than the whole cap, caught: the run is over all the same.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    pcall(string.rep, "x", 1e8)
    return { decision = "allow" }
  end,
}
