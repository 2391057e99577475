-- %q makes up to four bytes of one.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = ("%q"):format(("\1"):rep(150000)) }
  end,
}
