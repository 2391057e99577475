-- A million globals.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for i = 1, 1e9 do _G["g" .. i] = i end
  end,
}
