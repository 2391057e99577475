return {
  name      = "hostile",
  reads     = {},
  functions = { "count" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(60000)
    while true do host.count(s) end
  end,
}
