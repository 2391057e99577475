return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local _, answer = xpcall(function() while true do end end, function() return { decision = "allow" } end)
    return answer
  end,
}
