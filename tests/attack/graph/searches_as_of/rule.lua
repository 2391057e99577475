-- No view, way or walk comes to an edge that is later than as_of.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me, cut = request.node, request.as_of
    local view = graph:view{ labels = "Account", edges = "transfer" }
    local seen = 0
    for node in graph:set{ me, graph:node("Account", 2), graph:node("Account", 1000) }:each() do
      seen = seen + node:outgoing("transfer"):count()
    end
    assert(view:degree{ direction = "outgoing" }:sum() >= seen)
    local way = graph:shortest_path(me, graph:node("Account", 3), { edges = "transfer" })
    for _, edge in ipairs(way and way.edges or {}) do assert(edge.time <= cut) end
    for _, found in ipairs(graph:cycles(me, { max_hops = 10, edges = "transfer" })) do
      for _, edge in ipairs(found.edges) do assert(edge.time <= cut) end
    end
    assert(graph:ego(graph:node("Account", 1000), { direction = "outgoing" }):count() < 20000)
    assert(graph:node("Account", 1000):outgoing("transfer"):after(cut):count() == 0)
    return { decision = "allow" }
  end,
}
