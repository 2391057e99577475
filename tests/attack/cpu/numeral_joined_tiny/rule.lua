-- Below one.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local n = 1e-300
    local s = n .. ""
    while true do local x = s + 0 end
  end,
}
