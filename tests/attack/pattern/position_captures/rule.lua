-- 32 position captures at each place.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, p = ("x"):rep(1000), ("()"):rep(32)
    while true do for _ in s:gmatch(p .. "x") do end end
  end,
}
