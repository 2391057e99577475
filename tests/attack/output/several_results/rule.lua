-- More than one result: the first counts.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow" }, error, { decision = "deny" }
  end,
}
