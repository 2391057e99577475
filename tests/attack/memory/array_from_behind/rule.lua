-- An array filled from its end.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {} for i = 1e6, 1, -1 do t[i] = i end
  end,
}
