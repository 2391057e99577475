-- Collaborative filtering, user to user: what the customers who buy most alike bought as well.
--
-- Alike is the cosine of two baskets: the products that both bought, divided by the square root
-- of the product of how many each bought.  The division is what matters: without it a wholesaler
-- who buys everything is everybody's best friend.  A product scores the sum of the likenesses of
-- those who bought it.
-- Why it works: taste is shared, and the graph holds it without anybody describing a product.
-- What fools it: baskets of one or two products, alike by chance (cold_start is for those), and
-- an account that several people share.
-- False alarms: what everybody buys stands high, deservedly but uselessly.
-- Cost: products x buyers edges to find peers, and peers x purchases to read their baskets.
-- Peers are found among the latest buyers only, so a bestseller costs no more than the rest.
return {
  name        = "similar_customers",
  description = "Products that the customers with the most similar baskets bought",
  owner       = "shop",
  tags        = { "collaborative-filtering", "user-user" },
  params      = {
    purchases = { type = "integer", default = 100, min = 1, max = 500,
                  description = "latest purchases that make a basket" },
    buyers    = { type = "integer", default = 100, min = 1, max = 500,
                  description = "latest buyers of each product who may be peers" },
    peers     = { type = "integer", default = 30, min = 1, max = 100,
                  description = "customers whose baskets are compared" },
    support   = { type = "integer", default = 2, min = 1, description = "fewest peers who bought it" },
    top       = { type = "integer", default = 10, min = 1, max = 50 },
  },
  reads       = { Product = {}, Customer = {}, bought = {} },
  fallback    = "none",
  returns     = { products = "list", peers = "integer" },
  limits      = { instructions = 2e6, memory = "1MiB", edges = 100000 },

  evaluate = function(graph, request)
    local customer, params, now = request.node, request.params, request.now
    local function basket(who)
      return who:outgoing("bought"):up_to(now):latest(params.purchases):nodes()
    end

    local ours = basket(customer)
    local peers = ours:incoming("bought"):up_to(now):latest(params.buyers)
                      :group({ met = "count" }):minus(graph:set({ customer }))
                      :sorted("-met", params.peers)
    local score, backers = {}, {}
    for peer in peers:each() do
      local theirs = basket(peer)
      local alike = theirs:intersect(ours):count() / math.sqrt(theirs:count() * ours:count())
      for product in theirs:minus(ours):each() do
        score[product] = (score[product] or 0) + alike
        backers[product] = (backers[product] or 0) + 1
      end
    end

    local best = {}
    for product, count in pairs(backers) do
      if count >= params.support then
        best[#best + 1] = product
      end
    end
    table.sort(best, function(a, b)
      return score[a] > score[b] or score[a] == score[b] and a.key < b.key
    end)
    local products = {}
    for i = 1, math.min(params.top, #best) do
      products[i] = { product = best[i].key, score = math.floor(score[best[i]] * 1000 + 0.5) / 1000,
                      peers = backers[best[i]] }
    end
    return { output = { products = products, peers = peers:count() } }
  end,
}
