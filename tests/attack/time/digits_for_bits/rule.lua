-- The bit library takes any number of arguments, and each may be a string of digits.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, t = ("0"):rep(10000) .. "1", {}
    for i = 1, 7000 do t[i] = s end
    while true do bit.bxor(unpack(t)) end
  end,
}
