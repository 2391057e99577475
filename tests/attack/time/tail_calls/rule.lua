-- Tail calls for ever, through three functions.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local f, g, h
    f = function(x) return g(x + 1) end
    g = function(x) return h(x + 1) end
    h = function(x) return f(x + 1) end
    return f(1)
  end,
}
