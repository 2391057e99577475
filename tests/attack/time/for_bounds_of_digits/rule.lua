-- Loops that do nothing, whose three bounds are long strings of digits.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("0"):rep(50000) .. "1"
    while true do for _ = s, s, s do end end
  end,
}
