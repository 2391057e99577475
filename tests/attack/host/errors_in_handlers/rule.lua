return {
  name      = "hostile",
  reads     = {},
  functions = { "fail" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do xpcall(host.fail, host.fail) end
  end,
}
