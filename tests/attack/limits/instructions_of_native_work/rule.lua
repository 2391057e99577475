-- The whole budget in one native call, with nothing left to catch it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    pcall(string.rep, "x", 320000) return { decision = "allow" }
  end,
}
