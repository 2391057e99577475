-- Repeated.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("3"):rep(250)
    while true do local x = s + 0 end
  end,
}
