-- Functions that only call what they are given: the omega combinator, with and without a tail
-- call.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function omega(f) return f(f) end
    omega(omega)
  end,
}
