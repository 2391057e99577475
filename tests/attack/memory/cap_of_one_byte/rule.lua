-- A cap of one byte: the first allocation is the last.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {} return { decision = t and 'allow' }
  end,
}
