-- Names that do not exist: each error looks for the most similar one that does.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local name = ("nod"):rep(20)
    while true do pcall(function() return graph[name] end) pcall(function() return request[name] end) pcall(function() return request.params[name] end) end
  end,
}
