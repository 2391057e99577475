return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local a, b = ("x"):rep(50000) .. "a", ("x"):rep(50000) .. "b"
    while true do local _ = a < b end
  end,
}
