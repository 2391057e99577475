-- The dearest: 800 digits and an exponent.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1." .. ("1"):rep(800) .. "e300"
    while true do local x = s + 0 end
  end,
}
