-- Greedy quantifiers that all give back.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("a"):rep(300)
    while true do s:find("a*a*a*a*a*b") end
  end,
}
