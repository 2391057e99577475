-- string.char of 7,000 strings of digits.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, t = ("0"):rep(10000) .. "65", {}
    for i = 1, 7000 do t[i] = s end
    while true do string.char(unpack(t)) end
  end,
}
