-- A loop begun in a coroutine goes on after the coroutine is dead and collected.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, how in ipairs({ "outgoing", "both" }) do
      local following
      coroutine.wrap(function()
        following = request.node[how](request.node, "transfer"):where("amount", ">", 0):each()
      end)()
      for i = 1, 2000 do
        local waste = { i, { i }, ("%d"):format(i) } -- until what is dead is collected
      end
      local n, sum = 0, 0
      for edge in following do
        n, sum = n + 1, sum + edge.amount
      end
      assert(n == request.node[how](request.node, "transfer"):count())
    end
    return { decision = "allow" }
  end,
}
