-- A million reasons.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 20000 do t[i] = "x" end
    return { decision = "allow", reasons = t }
  end,
}
