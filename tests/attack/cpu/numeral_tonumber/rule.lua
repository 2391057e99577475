-- By tonumber, which was charged before.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do tonumber(s) end
  end,
}
