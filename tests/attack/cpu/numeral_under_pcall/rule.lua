-- Under pcall, with an error each turn.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do pcall(function() error(s + 0) end) end
  end,
}
