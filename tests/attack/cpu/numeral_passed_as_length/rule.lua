-- The length of a number, of which a text is made in passing.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local n = 1e300
    string.len(n)
    local s = n .. ""
    while true do local x = s + 0 end
  end,
}
