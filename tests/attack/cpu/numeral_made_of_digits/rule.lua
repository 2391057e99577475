-- Digit by digit, each dearer than the last.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ""
    for i = 1, 300 do s = s .. "9" end
    while true do local x = s + 0 end
  end,
}
