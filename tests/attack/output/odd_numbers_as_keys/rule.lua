-- The same of numbers.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 500 do t[i + 0.5] = 1 end
    return { decision = "allow", output = t }
  end,
}
