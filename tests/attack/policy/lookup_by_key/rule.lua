-- Keys guessed one after the other: what is there and what is not answer alike.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local first
    for _, key in ipairs({ 1, 2, 999999, "1", "-1", 1000 }) do
      local ok, message = pcall(graph.node, graph, "Account", key)
      assert(not ok and message:find("masked", 1, true), message)
      first = first or message
      assert(message == first)
    end
    assert(not pcall(graph.node, graph, "Person", "ann"))
    return { decision = "allow" }
  end,
}
