-- A capture.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("at 1e308 now"):match("%S*%d%S*")
    while true do local x = s + 0 end
  end,
}
