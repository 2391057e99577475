-- A reason that is no text.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", reasons = { "fine", "\xed\xa0\x80" } }
  end,
}
