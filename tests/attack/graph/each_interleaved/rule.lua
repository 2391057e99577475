-- Twenty loops stepped in turn and ended out of order: none disturbs another's memory.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function walk()
      local path = {}
      for edge, other in request.node:both("transfer"):where("amount", ">", 1):each() do
        path[#path + 1] = edge.amount .. ">" .. other.key
      end
      return table.concat(path, " ")
    end
    local alone = walk()
    local loops, paths, live = {}, {}, 20
    for i = 1, 20 do
      loops[i], paths[i] = request.node:both("transfer"):where("amount", ">", 1):each(), {}
    end
    local turn = 0
    while live > 0 do
      turn = turn + 1
      for i = 1, 20 do
        if loops[i] and (turn + i) % (i % 3 + 1) == 0 then
          local edge, other = loops[i]()
          if edge then
            paths[i][#paths[i] + 1] = edge.amount .. ">" .. other.key
          else
            loops[i], live = nil, live - 1
          end
          walk()
        end
      end
    end
    for i = 1, 20 do
      assert(table.concat(paths[i], " ") == alone)
    end
    return { decision = "allow" }
  end,
}
