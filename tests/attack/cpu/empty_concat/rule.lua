-- Concatenations of nothing.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "" while true do s = s .. "" .. s end
  end,
}
