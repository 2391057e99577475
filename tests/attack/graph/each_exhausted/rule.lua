-- A loop that has ended stays ended, whoever asks.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, set in ipairs({ request.node:outgoing("transfer"), request.node:both("transfer"),
                           request.node:outgoing("transfer"):limit(0), request.node:both("transfer"):latest(1),
                           request.node:outgoing("transfer"):nodes(), graph:set({}) }) do
      local following = set:each()
      while following() do end
      for _ = 1, 100 do
        assert(following() == nil)
        assert(following(set, 1, "x", {}) == nil)
      end
      assert(coroutine.wrap(following)() == nil)
      assert(select("#", pcall(following)) == 2)
    end
    return { decision = "allow" }
  end,
}
