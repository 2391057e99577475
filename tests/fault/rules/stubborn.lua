-- Catches every error and goes on with the same handles, sets and loops: what a damaged place
-- leaves behind must do no harm either.
return {
  name      = "stubborn",
  reads     = { Account = { "kind", "note", "bag", "nickname", "serial", "risk" }, Person = { "name" },
                Company = { "name" }, Medium = { "kind" }, transfer = { "amount", "memo" },
                own = { "share" }, invest = { "ratio" }, signIn = { "location" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { instructions = 1e6, time = "9s", edges = 100000, memory = "1MiB" },

  evaluate = function(graph, request)
    local met, failures = { request.node }, 0
    local function try(f, ...)
      local fine, value = pcall(f, ...)
      if not fine then failures = failures + 1 end
      return fine and value or nil
    end
    local at = 1
    while met[at] and at <= 3 do
      local node = met[at]
      for _, name in ipairs({ "key", "label", "kind", "note", "bag", "nickname", "serial", "risk", "name" }) do
        try(function() return node[name] end)
      end
      try(tostring, node)
      for _, kind in ipairs({ "transfer", "own", "invest", "signIn" }) do
        for _, way in ipairs({ "outgoing", "incoming", "both" }) do
          local set = try(node[way], node, kind)
          for _, finish in ipairs({ "count", "exists", "first", "distinct", "nodes" }) do
            try(set[finish], set)
          end
          try(function() return set:latest(2):nodes():both(kind):nodes():count() end)
          local step = try(set.each, set)
          for _ = 1, 6 do
            local fine, edge, other = pcall(step)
            if fine and edge then
              for _, name in ipairs({ "source", "target", "time", "type", "amount", "memo", "share", "ratio", "location" }) do
                try(function() return edge[name] end)
              end
              met[#met + 1] = other
            elseif not fine then
              failures = failures + 1
            end
          end
        end
      end
      at = at + 1
    end
    local all = try(graph.set, graph, met)
    if all then
      for _, kind in ipairs({ "transfer", "invest", "signIn" }) do
        try(function() return all:both(kind):nodes():union(all):count() end)
        try(function() return all:outgoing(kind):since(1):distinct() end)
        try(function() return all:incoming(kind):latest(1):nodes():first().key end)
      end
      try(function() return all:where("kind", "==", "card"):top(3, "risk")[1].key end)
    end
    return { decision = "allow", score = failures }
  end,
}
