-- %1 within the capture that it names.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = ("aa"):match("(a%1)") }
  end,
}
