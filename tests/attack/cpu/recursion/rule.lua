return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
    return { decision = "allow", score = fib(60) }
  end,
}
