-- The same, spelled with escapes.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "\49\x65\z
      308"
    while true do local x = s + 0 end
  end,
}
