-- A bytecode that parses 100 KB: nothing charges it, the small memory budget bounds it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("9"):rep(100000)
    while true do local _ = s + 0 end
  end,
}
