-- A thousand keys with a long common beginning: sorting them reads it again and again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, prefix = {}, ("k"):rep(400)
    for i = 1, 1000 do t[prefix .. i] = i end
    return { decision = "allow", output = t }
  end,
}
