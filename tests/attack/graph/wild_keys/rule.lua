-- Keys that only look like one that exists.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(graph:node("Account", 1) == request.node and graph:node("Account", "1") == request.node)
    for _, key in ipairs({ "", " 1", "1 ", "+1", "01", "1.0", "1e0", "0x1", "1\0", "\0", ("1"):rep(100),
                           "-9223372036854775809", "9223372036854775808", ("9"):rep(60000), 2 ^ 53, -1 }) do
      assert(graph:node("Account", key) == nil, key)
    end
    for _, key in ipairs({ 0 / 0, 1 / 0, -1 / 0, 1.5, 2 ^ 54, true, {}, graph, request.node }) do
      assert(not pcall(graph.node, graph, "Account", key))
    end
    assert(not pcall(graph.node, graph, "Account"))
    assert(graph:node("Person", "ann\0") == nil and graph:node("Person", ("ann"):rep(20000)) == nil)
    for _, label in ipairs({ "", "transfer", "account", "Secret", "Accountt", 1, true, {} }) do
      assert(not pcall(graph.node, graph, label, "1"))
    end
    return { decision = "allow" }
  end,
}
