-- Memory runs out in the handler of an error, under a pcall, in a loop.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do
      pcall(xpcall, error, function() local s = "x" while true do s = s .. s end end, "x")
    end
  end,
}
