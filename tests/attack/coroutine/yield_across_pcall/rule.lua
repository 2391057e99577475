-- A yield out of pcall and xpcall, caught and tried again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local co = coroutine.wrap(function()
      while true do
        pcall(coroutine.yield, 1)
        xpcall(coroutine.yield, coroutine.yield)
      end
    end)
    while true do co() end
  end,
}
