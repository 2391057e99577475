-- Turned around.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("803e1"):reverse()
    while true do local x = s + 0 end
  end,
}
