-- Every budget is small, and the rule uses all of them: one of them ends it, always the same.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    while true do
      t[#t + 1] = 1
      pcall(function() local _ = ("x"):rep(100) end)
    end
  end,
}
