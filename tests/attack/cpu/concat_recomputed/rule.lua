-- table.concat of the same list for ever: charged by the piece.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 1000 do t[i] = "x" .. i end
    while true do table.concat(t, ",") end
  end,
}
