-- FinBench TCR3: the length of a shortest path of transfers, breadth first.
return {
  name        = "finbench_tcr3",
  description = "Length of a shortest transfer path between two accounts",
  params      = {
    id1       = { type = "string", required = true },
    id2       = { type = "string", required = true },
    startTime = { type = "timestamp", required = true },
    endTime   = { type = "timestamp", required = true },
  },
  reads       = { Account = {}, transfer = {} },
  fallback    = "none",
  returns     = "list",

  evaluate = function(graph, request)
    local params = request.params
    local source = graph:node("Account", params.id1)
    local target = graph:node("Account", params.id2)
    if not source or not target then
      return { output = { { shortestPathLength = -1 } } }
    end
    local seen = graph:set({ source })
    local frontier, distance = seen, 0
    while frontier:exists() do
      distance = distance + 1
      frontier = frontier:outgoing("transfer")
                         :after(params.startTime):before(params.endTime)
                         :nodes():minus(seen)
      if frontier:contains(target) then
        return { output = { { shortestPathLength = distance } } }
      end
      seen = seen:union(frontier)
    end
    return { output = { { shortestPathLength = -1 } } }
  end,
}
