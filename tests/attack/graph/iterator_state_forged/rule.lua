-- The iterators of each, called with other states, other places, and after their end.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    for _, set in ipairs({ me:outgoing("transfer"), me:outgoing("transfer"):nodes(), me:both("transfer"):where("amount", ">", 20) }) do
      local step, state, first = set:each()
      for _, s in ipairs({ 0, "x", {}, me, set, graph, me:outgoing("own") }) do
        for _, at in ipairs({ 0, -1, 2 ^ 53, 0 / 0, "x", {}, me }) do pcall(step, s, at) end
      end
      for _ = 1, 100 do pcall(step, state, first) end
    end
    return { decision = "allow" }
  end,
}
