-- The same by table.remove.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 0, 29 do t[2 ^ i] = 1 end
    while true do table.remove(t, 1) end
  end,
}
