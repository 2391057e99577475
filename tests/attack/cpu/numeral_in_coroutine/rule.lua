-- In a coroutine; made outside.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    local run = coroutine.wrap(function()
      while true do
        local x = s + 0
        coroutine.yield()
      end
    end)
    while true do run() end
  end,
}
