-- By such a function under pcall.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do pcall(math.sqrt, s) end
  end,
}
