-- Two long strings that differ in the last byte, compared by every operator, 50 times a turn.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local a, b = ("x"):rep(50000) .. "a", ("x"):rep(50000) .. "b"
    while true do
      local _ = a < b, a > b, a <= b, a >= b, a < b, a > b, a <= b, a >= b, a < b, a > b, a <= b, a >= b
    end
  end,
}
