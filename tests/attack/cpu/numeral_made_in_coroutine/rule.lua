-- Made in a coroutine.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local run = coroutine.wrap(function()
      while true do coroutine.yield("1e" .. "308") end
    end)
    while true do
      local s = run()
      local x = s + 0 + s + s + s + s + s
    end
  end,
}
