-- The same with a longer string, at the largest cap: how long can one call take?
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, t = ("9"):rep(100000), {}
    for i = 1, 7000 do t[i] = s end
    while true do math.min(unpack(t)) end
  end,
}
