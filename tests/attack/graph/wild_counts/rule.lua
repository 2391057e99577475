-- Counts that are no counts.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local set = request.node:outgoing("transfer")
    local all = set:count()
    local nodes = set:nodes()
    for _, n in ipairs({ -1, -0.5, 0.5, 0 / 0, -1 / 0, "1", "x", {}, true, function() end, set, request.node }) do
      for _, method in ipairs({ "latest", "earliest", "limit" }) do
        assert(not pcall(set[method], set, n), method)
      end
      assert(not pcall(set.top, set, n, "amount"))
      assert(not pcall(set.largest, set, n, "amount"))
      assert(not pcall(set.smallest, set, n, "amount"))
      assert(not pcall(nodes.limit, nodes, n))
      assert(not pcall(nodes.top, nodes, n, "risk"))
    end
    assert(not pcall(set.limit, set) and not pcall(set.limit, set, nil))
    for _, n in ipairs({ 2 ^ 31, 2 ^ 32, 2 ^ 32 + 1, 2 ^ 53 }) do
      assert(set:latest(n):count() == all and set:earliest(n):count() == all)
      assert(set:limit(n):count() == all and set:largest(n, "amount"):count() == all)
      assert(set:where("amount", ">", 0):latest(n):count() == all)
      assert(request.node:both("transfer"):limit(n):count() == request.node:both("transfer"):count())
      assert(nodes:limit(n):count() == nodes:count())
      assert(not pcall(set.top, set, n, "amount"))
    end
    for _, n in ipairs({ 2 ^ 64, 1e300, 1 / 0 }) do
      local fine, cut = pcall(set.limit, set, n)
      assert(not fine or cut:count() == all)
    end
    assert(set:limit(0):count() == 0 and set:latest(0):count() == 0 and set:largest(0, "amount"):count() == 0)
    assert(set:limit(0):first() == nil and set:limit(-0):nodes():count() == 0 and #set:top(0, "amount") == 0)
    return { decision = "allow" }
  end,
}
