-- Many coroutines, each with a stack of thousands of slots.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local kept = {}
    local function down(n) if n == 0 then coroutine.yield() return 1 end return 1 + down(n - 1) end
    for i = 1, 1e9 do kept[i] = coroutine.wrap(down) kept[i](1000) end
  end,
}
