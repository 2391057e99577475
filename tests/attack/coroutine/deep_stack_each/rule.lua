return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local all = {}
    while true do
      local co = coroutine.create(function()
        local function deep(n) if n == 0 then coroutine.yield() end return 1 + deep(n - 1) end
        return deep(1000)
      end)
      coroutine.resume(co)
      all[#all + 1] = co
    end
  end,
}
