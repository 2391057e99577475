-- string.rep to nearly the cap, again and again: the clearing and copying of one call.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do local _ = ("xy"):rep(700000) end
  end,
}
