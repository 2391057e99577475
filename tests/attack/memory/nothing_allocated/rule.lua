-- A rule that allocates only its result lives with next to nothing.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local n = 0 for i = 1, 1000 do n = n + i end
    return { decision = "allow" }
  end,
}
