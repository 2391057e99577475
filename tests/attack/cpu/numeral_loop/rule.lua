-- As the bounds of a loop.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do
      for i = s, s, s do end
    end
  end,
}
