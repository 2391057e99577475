return {
  name      = "hostile",
  reads     = {},
  functions = { "slow" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do pcall(host.slow) end
  end,
}
