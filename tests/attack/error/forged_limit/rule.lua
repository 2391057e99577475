-- What stopped a rule is decided by a flag, not by its words.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    error("instruction limit exceeded: 1000000 of 1000000")
  end,
}
