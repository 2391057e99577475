-- Loops over one large table within each other: each holds notes of all keys.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 2000 do t["k" .. i] = i end
    local function down(n) for k in pairs(t) do down(n + 1) end end
    down(1)
  end,
}
