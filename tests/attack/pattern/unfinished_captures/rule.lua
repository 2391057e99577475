-- A parenthesis that is never closed, at the 32nd level.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = ("a"):match(("("):rep(32) .. "a") }
  end,
}
