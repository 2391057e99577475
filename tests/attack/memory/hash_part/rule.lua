-- Fractions as keys: all in the hash, whose growth needs the old and the new at once.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {} for i = 1, 1e9 do t[i + 0.5] = i end
  end,
}
