return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 100 do t[i] = ("x"):rep(10000) .. i end
    return table.concat(t)
  end,
}
