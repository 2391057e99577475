-- The file draws random numbers while it is loaded: no run sees where it stopped.
local drawn = math.random()
for _ = 1, 100 do math.random() end

return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { drawn, math.random() } }
  end,
}
