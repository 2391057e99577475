-- One long string, ten thousand times.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, t = ("x"):rep(10000), {}
    for i = 1, 10000 do t[i] = s end
    return { decision = "allow", output = t }
  end,
}
