-- The stock insert makes 2^31 steps of it, and no bytecode.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    table.insert({ 1, 2, 3 }, -2 ^ 30, 1)
  end,
}
