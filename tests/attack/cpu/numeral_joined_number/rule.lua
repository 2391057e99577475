-- A number that joining makes a text of.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local n = 1e300
    local s = n .. ""
    while true do local x = s + 0 end
  end,
}
