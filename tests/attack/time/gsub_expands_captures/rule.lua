-- A replacement of 60,000 references to a position, each made into text.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local replacement = ("%1"):rep(30000)
    while true do ("x"):gsub("()x", replacement) end
  end,
}
