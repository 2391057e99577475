-- Written by format.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("%g"):format(1e300)
    while true do local x = s + 0 end
  end,
}
