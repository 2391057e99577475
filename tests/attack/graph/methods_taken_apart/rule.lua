-- Methods of one kind of object called with another kind, and with none.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local edges, nodes = me:outgoing("transfer"), me:outgoing("transfer"):nodes()
    local objects = { me, edges:first(), edges, nodes, graph, request, request.params, 1, "x", {}, pairs, coroutine.create(pairs) }
    local names = { "outgoing", "incoming", "both", "node", "set", "since", "after", "up_to", "before", "between", "where", "latest", "earliest", "largest",
      "smallest", "limit", "count", "exists", "sum", "avg", "min", "max", "distinct", "first", "top", "each", "nodes", "contains", "union", "intersect", "minus", "of" }
    for _, from in ipairs({ me, edges, nodes, graph }) do
      for _, name in ipairs(names) do
        local fine, method = pcall(function() return from[name] end)
        if fine and type(method) == "function" then
          pcall(method)
          for _, object in ipairs(objects) do
            pcall(method, object)
            for _, argument in ipairs(objects) do pcall(method, object, argument, argument, argument) end
          end
        end
      end
    end
    return { decision = "allow" }
  end,
}
