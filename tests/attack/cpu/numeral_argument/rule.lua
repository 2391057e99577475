-- As the argument of a library function.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do
      local a, b, c = math.abs(s), math.max(1, s), ("x"):rep(0, s)
    end
  end,
}
