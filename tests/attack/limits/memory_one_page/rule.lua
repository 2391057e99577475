-- A cap of a page: a small table fits, a large one does not.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 100 do t[i] = i end
    for i = 1, 1000 do t[i] = i end
    return { decision = "allow" }
  end,
}
