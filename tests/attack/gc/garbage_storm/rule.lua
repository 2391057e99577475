-- Garbage alone is no reason to stop: the collector keeps up.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do local _ = { {}, {}, {} } end
  end,
}
