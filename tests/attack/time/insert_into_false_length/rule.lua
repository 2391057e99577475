-- The length of a table with only powers of two in it is 2^30: elements are moved that are not
-- there.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 0, 29 do t[2 ^ i] = 1 end
    table.insert(t, 1, 1)
    while true do table.insert(t, 1, 1) end
  end,
}
