-- As the iterator of a for.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do
      for a in math.floor, s, s do break end
    end
  end,
}
