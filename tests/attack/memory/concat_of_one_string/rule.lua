-- table.concat of the same string a thousand times.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, s = {}, ("x"):rep(5000)
    for i = 1, 1000 do t[i] = s end
    return { decision = table.concat(t) }
  end,
}
