-- An empty string two thousand million times, and counts below nothing.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, n in ipairs({ 2 ^ 31, 2 ^ 53, 1e308, 1 / 0 }) do assert(("").rep("", n) == "") end
    for _, n in ipairs({ 0, -1, -2 ^ 53, -1 / 0, 0 / 0, 0.9 }) do assert(("x"):rep(n) == "") end
    return { decision = "allow" }
  end,
}
