-- The same of fields that a result does not have.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { decision = "allow" }
    for i = 1, 200 do t["field" .. i] = 1 t[{ i }] = 2 t[i + 0.5] = 3 end
    return t
  end,
}
