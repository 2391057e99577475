-- Properties of edges, from both ends, by each, first and the ends of a path.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    for edge in me:outgoing("transfer"):each() do
      assert(edge.code == nil and #edge.amount == 32)
    end
    for edge in me:incoming("transfer"):each() do
      assert(edge.code == nil and #edge.amount == 32)
    end
    assert(#me:both("transfer"):first().amount == 32)
    local way = graph:shortest_path(me, me:outgoing("transfer"):nodes():of("Account"):each()(),
                                    { edges = "transfer" })
    for _, edge in ipairs(way.edges) do
      assert(#edge.amount == 32 and edge.code == nil)
    end
    for edge in me:incoming("own"):each() do
      assert(edge.share == nil)
    end
    return { decision = "allow" }
  end,
}
