return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    pcall(function() while true do end end)
    return { decision = "allow" }
  end,
}
