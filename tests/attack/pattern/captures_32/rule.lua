-- As many captures as there may be, each of all that is left.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, p = ("x"):rep(64), ("(.*)"):rep(32)
    while true do s:match(p .. "y") end
  end,
}
