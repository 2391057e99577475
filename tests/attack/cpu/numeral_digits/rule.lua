-- Many digits, no exponent.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("7"):rep(300)
    while true do local x = s + 0 end
  end,
}
