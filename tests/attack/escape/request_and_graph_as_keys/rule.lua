return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { [graph] = 1, [request] = 2 }
    for k in pairs(t) do end
  end,
}
