-- A function within a proposal.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", updated_nodes = { { set = { x = print or pairs } } } }
  end,
}
