-- Noughts behind the point.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "." .. ("0"):rep(250) .. "1"
    while true do local x = s + 0 end
  end,
}
