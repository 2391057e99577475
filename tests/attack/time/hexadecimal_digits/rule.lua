-- Digits of base 16, and an exponent of thousands of zeros.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hex, exponent = "0x" .. ("f"):rep(40000), "1e" .. ("0"):rep(40000) .. "1"
    while true do local _ = hex + exponent end
  end,
}
