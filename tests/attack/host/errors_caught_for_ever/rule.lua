return {
  name      = "hostile",
  reads     = {},
  functions = { "fail" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do pcall(host.fail) end
  end,
}
