return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local f, g
    f = function(n) return 1 + g(n) end
    g = function(n) return 1 + f(n) end
    return f(0)
  end,
}
