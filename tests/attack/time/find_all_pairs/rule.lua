-- gmatch over a long text with a class that matches nowhere.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(60000)
    while true do for _ in s:gmatch("[^x]") do end end
  end,
}
