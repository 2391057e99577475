-- The same with 600 KB each.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local a, b = ("x"):rep(600000) .. "a", ("x"):rep(600000) .. "b"
    while true do local _ = a < b end
  end,
}
