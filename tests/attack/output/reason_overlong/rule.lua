-- Characters in more bytes than they need.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", reasons = { "\xc0\xaf\xe0\x80\xaf" } }
  end,
}
