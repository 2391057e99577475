-- After the budget is gone the rule wants to leave in good order with an answer.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local ok = pcall(function() while true do end end)
    if not ok then return { decision = "allow" } end
  end,
}
