-- %s with the same long string 200 times.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, s = {}, ("x"):rep(10000)
    for i = 1, 200 do t[i] = s end
    return { decision = (("%s"):rep(200)):format(unpack(t)) }
  end,
}
