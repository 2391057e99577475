return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local all = {}
    for i = 1, 1e9 do all[i] = coroutine.create(function() end) end
  end,
}
