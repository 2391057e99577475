-- Lazy quantifiers in each other's way.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("a"):rep(200)
    while true do s:find(".-.-.-.-b") end
  end,
}
