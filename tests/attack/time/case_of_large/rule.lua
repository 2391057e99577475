-- upper, lower and reverse of half a megabyte.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("xY"):rep(250000)
    while true do local _ = s:upper() _ = s:lower() _ = s:reverse() end
  end,
}
