-- One string of exactly the cap.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(524288) return { decision = "allow" }
  end,
}
