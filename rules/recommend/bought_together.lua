-- Bought together, item to item: products that a product's recent buyers bought as well.
--
-- Popular products are bought together with everything; `lift` divides the shared buyers by
-- the square root of the other product's buyers, so that what is merely popular sinks.
-- Why it works: a basket tells what belongs together better than a catalogue does.
-- What fools it: one buyer behind many accounts; `support` is the fewest buyers that are believed.
-- False alarms: what is sold in a set stands in every basket of it.
-- Cost: `buyers` x `purchases` edges at most, whatever the product's or the buyers' size.
return {
  name        = "bought_together",
  description = "Products that recent buyers of a product bought as well",
  owner       = "shop",
  tags        = { "collaborative-filtering", "item-item" },
  params      = {
    buyers    = { type = "integer", default = 100, min = 1, max = 1000,
                  description = "recent buyers looked at" },
    purchases = { type = "integer", default = 100, min = 1, max = 1000,
                  description = "latest purchases of each of them" },
    top       = { type = "integer", default = 10, min = 1, max = 50 },
    support   = { type = "integer", default = 3, min = 1,
                  description = "shared buyers below which a product is left out" },
  },
  reads       = { Product = { "description" }, Customer = {}, bought = {} },
  fallback    = "none",
  returns     = { products = "list", buyers = "integer" },
  limits      = { instructions = 5e6, memory = "1MiB", edges = 200000 },

  evaluate = function(_, request)
    local params, product = request.params, request.node
    local buyers = product:incoming("bought"):latest(params.buyers):nodes()

    local shared = {}
    for buyer in buyers:each() do
      for other in buyer:outgoing("bought"):latest(params.purchases):nodes():each() do
        shared[other] = (shared[other] or 0) + 1
      end
    end
    shared[product] = nil

    local found = {}
    -- pairs() visits nodes in ascending order of their keys
    for other, count in pairs(shared) do
      if count >= params.support then
        local lift = count / math.sqrt(other:incoming("bought"):count())
        found[#found + 1] = { node = other, count = count, lift = lift, at = #found }
      end
    end
    table.sort(found, function(a, b)
      if a.lift ~= b.lift then
        return a.lift > b.lift
      end
      return a.at < b.at
    end)
    local products = {}
    for i = 1, math.min(params.top, #found) do
      local entry = found[i]
      products[i] = {
        product = entry.node.key, description = entry.node.description,
        shared_buyers = entry.count, lift = math.floor(entry.lift * 1000 + 0.5) / 1000,
      }
    end
    return { output = { products = products, buyers = buyers:count() } }
  end,
}
