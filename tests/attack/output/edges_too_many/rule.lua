-- More proposals than the output may have bytes.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, e = {}, { from = "a", to = "b" }
    for i = 1, 20000 do t[i] = e end
    return { decision = "allow", new_edges = t }
  end,
}
