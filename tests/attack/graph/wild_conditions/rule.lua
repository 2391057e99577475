-- Properties, operators and values that where() must refuse.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local set = request.node:outgoing("transfer")
    local nodes = set:nodes()
    for _, op in ipairs({ "", "=", "!=", "<>", "===", "==\0", "and", ("="):rep(100000), 1, true, {}, set }) do
      assert(not pcall(set.where, set, "amount", op, 1))
      assert(not pcall(nodes.where, nodes, "risk", op, 1))
    end
    for _, value in ipairs({ "1", {}, set, request.node, true, function() end }) do
      assert(not pcall(set.where, set, "amount", "==", value))
      assert(not pcall(nodes.where, nodes, "risk", "==", value))
    end
    assert(not pcall(set.where, set, "amount", "==") and not pcall(set.where, set, "amount"))
    assert(not pcall(set.where, set) and not pcall(set.where))
    for _, value in ipairs({ 1, true, {} }) do
      assert(not pcall(nodes.where, nodes, "kind", "==", value))
    end
    for _, name in ipairs({ "", "key", "label", "where", "source", "type", "__index", "pin", "Amount", ("a"):rep(70000), 1, {} }) do
      assert(not pcall(set.where, set, name, "==", 1))
      assert(not pcall(nodes.where, nodes, name, "==", 1))
      assert(not pcall(set.sum, set, name) and not pcall(nodes.max, nodes, name))
      assert(not pcall(set.top, set, 1, name))
    end
    for _, op in ipairs({ "<", "<=", ">", ">=", "==" }) do
      local fine, kept = pcall(set.where, set, "amount", op, 0 / 0)
      assert(not fine or kept:count() == 0)
    end
    assert(set:where("amount", "<", 1 / 0):count() == set:count())
    assert(nodes:where("kind", "==", ("card"):rep(10000)):count() == 0)
    assert(nodes:where("kind", "==", "card\0"):count() == 0)
    assert(nodes:where("risk", "<", 1e300):count() == nodes:count())
    assert(nodes:where("risk", "==", 2 ^ 63):count() == 0)
    return { decision = "allow" }
  end,
}
