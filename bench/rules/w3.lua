-- W3, recommend: what those who like what this user likes, like too.
return {
  name     = "w3_recommend",
  reads    = { User = {}, Item = {}, rated = { "rating" } },
  fallback = "none",
  returns  = "list",
  limits   = { instructions = 200e6, memory = "4MiB", time = "5s", edges = 50000000 },

  evaluate = function(graph, request)
    local user = request.node
    local function likes(edges, n)
      return edges:where("rating", ">=", 4):latest(n)
    end

    local weight, peers = {}, {}
    for _, item in likes(user:outgoing("rated"), 50):each() do
      for _, peer in likes(item:incoming("rated"), 100):each() do
        local w = weight[peer]
        if not w then
          w = 0
          peers[#peers + 1] = peer
        end
        weight[peer] = w + 1
      end
    end
    -- peers of one weight are one set
    local alike = {}
    for _, peer in ipairs(peers) do
      local group = alike[weight[peer]]
      if not group then
        group = {}
        alike[weight[peer]] = group
      end
      group[#group + 1] = peer
    end
    local score = {}
    for w, group in pairs(alike) do
      for _, item in likes(graph:set(group):outgoing("rated"), 50):each() do
        score[item] = (score[item] or 0) + w
      end
    end
    for _, item in user:outgoing("rated"):each() do
      score[item] = nil
    end

    -- pairs() visits items in ascending order of their keys, so equal scores stay in order
    local top = {}
    for item, s in pairs(score) do
      local at = #top + 1
      while at > 1 and top[at - 1][2] < s do
        at = at - 1
      end
      if at <= 10 then
        table.insert(top, at, { item, s })
        top[11] = nil
      end
    end
    for i, entry in ipairs(top) do
      top[i] = { entry[1].key, entry[2] }
    end
    return { output = top }
  end,
}
