-- The longest chain there may be, on every path; a window merges and adds nothing.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    for _, set in ipairs({ request.node:outgoing("transfer"), request.node:both("transfer"),
                           core:outgoing("transfer"):nodes():both("transfer") }) do
      for i = 1, 16 do
        local before = set
        if i % 3 == 1 then set = set:where("amount", ">", -i)
        elseif i % 3 == 2 then set = set:latest(1000 - i)
        else set = set:largest(900 - i, "amount") end
        assert(set:count() == before:count())
      end
      assert(not pcall(set.limit, set, 1) and not pcall(set.where, set, "amount", ">", 0))
      for finish, argument in pairs({ sum = "amount", avg = "amount", nodes = true, distinct = true, first = true }) do
        set[finish](set, argument)
      end
      local n = 0
      for _ in set:each() do n = n + 1 end
      assert(n == set:count() and #set:top(n, "amount") == n)
    end
    local windows = request.node:outgoing("transfer")
    for i = 1, 10000 do
      windows = windows:since(i):before(1e300 - i)
    end
    assert(windows:count() == request.node:outgoing("transfer"):count())
    return { decision = "allow" }
  end,
}
