return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function f(n)
      pcall(f, n + 1)
      return f(n + 1)
    end
    f(0)
  end,
}
