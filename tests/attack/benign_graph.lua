-- What is asked after every attack on the graph: an honest rule that reads it in all ways, so
-- that whatever an attack left behind in the run's graph state would show in its result, its
-- cost or its digest.
local calls = 0

return {
  name      = "benign_graph",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    calls = calls + 1
    local me = request.node
    local hub = graph:node("Account", 1000)
    local near = me:both("transfer"):nodes()
    local lines = {}
    for edge, other in me:both("transfer"):each() do
      lines[#lines + 1] = ("%s %s %.1f"):format(tostring(edge), tostring(other), edge.amount)
    end
    local seen = {}
    for node in near:union(near:outgoing("transfer"):limit(50):nodes()):of("Account"):each() do
      seen[node] = node.risk
    end
    local order = {}
    for node, risk in pairs(seen) do
      order[#order + 1] = node.key .. "=" .. risk
    end
    return {
      decision = calls == 1 and "allow" or "deny",
      score    = hub:outgoing("transfer"):latest(100):sum("amount"),
      reasons  = lines,
      output   = {
        order    = order,
        windowed = near:outgoing("transfer"):since(1600003600000):count(),
        again    = near:outgoing("transfer"):since(1600003600000):latest(30):sum("amount"),
        owners   = me:incoming("own"):nodes():count(),
        top      = #near:top(3, "balance"),
        kinds    = near:where("kind", "==", "card"):count(),
        largest  = me:both("transfer"):largest(2, "amount"):sum("amount"),
        node     = me,
        library  = type(graph) .. tostring(graph) .. tostring(near),
        global   = _G.kept == nil,
        as_of    = request.as_of,
      },
    }
  end,
}
