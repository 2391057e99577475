-- Coroutines begun, suspended in a loop's middle and dropped: garbage that holds stacks.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do
      local co = coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end)
      co()
      co()
    end
  end,
}
