-- Products of length and count that wrap around 64 bits.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    pcall(string.rep, "abcd", 2 ^ 62)
    return { decision = "allow" }
  end,
}
