-- A sort of a table that fills most of the cap: its work space does not fit.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 30000 do t[i] = i % 977 end
    table.sort(t)
  end,
}
