-- A rule that says it reads what the snapshot lacks.
return {
  name      = "hostile",
  reads     = { Acount = { "risk" }, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow" }
  end,
}
