return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do
      local t = {}
      for i = 1, 3000 do t[i * 3] = i end
    end
  end,
}
