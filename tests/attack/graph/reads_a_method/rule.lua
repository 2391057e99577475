-- A rule that says it reads a property called as a method is.
return {
  name      = "hostile",
  reads     = { Account = { "outgoing" }, transfer = { "each" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow" }
  end,
}
