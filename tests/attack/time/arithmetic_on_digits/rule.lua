-- Every arithmetic operator on a long string of digits: a number is parsed each time, behind no
-- call.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("9"):rep(50000)
    while true do local _ = s + s, s - s, s * s, s / s, s % s, s ^ s, -s end
  end,
}
