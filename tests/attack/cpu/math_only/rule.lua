-- Nothing but mathematics.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local x = 1 while true do x = math.sin(x) + math.exp(-x) + math.fmod(x, 0.3) + math.sqrt(math.abs(x)) end
  end,
}
