-- The same with a megabyte of digits.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "0." .. ("0"):rep(1000000) .. "1"
    while true do local _ = s + s end
  end,
}
