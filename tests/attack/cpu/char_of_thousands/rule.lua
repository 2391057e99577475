-- string.char and string.byte of 7,000 at once.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(7000)
    while true do string.char(s:byte(1, -1)) end
  end,
}
