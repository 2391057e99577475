-- Memory runs out in a coroutine; whoever resumed it goes on as if nothing were.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do
      coroutine.resume(coroutine.create(function()
        local t = {}
        for i = 1, 1e9 do t[i] = { i } end
      end))
    end
  end,
}
