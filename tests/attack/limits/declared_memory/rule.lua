-- The same of memory.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { memory = "16KiB" },
  evaluate  = function(graph, request)
    local t = {} for i = 1, 1e6 do t[i] = i end
  end,
}
