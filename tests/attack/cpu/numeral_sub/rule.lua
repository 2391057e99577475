-- Cut from a text that is no number.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x1e308x"):sub(2, -2)
    while true do local x = s + 0 end
  end,
}
