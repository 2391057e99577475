-- W3, recommend: what those who like what this user likes, like too.
local function likes(edges, n)
  return edges:where("rating", ">=", 4):latest(n)
end

return {
  name     = "w3_recommend",
  reads    = { User = {}, Item = {}, rated = { "rating" } },
  fallback = "none",
  returns  = "list",
  limits   = { instructions = 200e6, memory = "4MiB", time = "5s", edges = 50000000 },

  evaluate = function(_, request)
    local rated = request.node:outgoing("rated")
    local peers = likes(likes(rated, 50):nodes():incoming("rated"), 100)
                    :group({ shared = "count" })
    local items = likes(peers:outgoing("rated"), 50):group({ score = { sum = "shared" } })
    local top = {}
    for item, score in items:minus(rated:nodes()):sorted("-score", 10):each("score") do
      top[#top + 1] = { item.key, score }
    end
    return { output = top }
  end,
}
