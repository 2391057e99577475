-- Of several keys that cannot leave one is named: the same one wherever the sandbox lies.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 20 do t[{ i }] = 1 t[function() end] = 2 t[coroutine.create(pairs)] = 3 end
    return { decision = "allow", output = t }
  end,
}
