-- Cold start: what is popular now, for those of whom nothing is known yet.
--
-- A request without a node is a visitor nobody knows; a customer with a few purchases gets the
-- same without what he has.  Popular is what most different customers bought lately: a
-- wholesaler's daily order counts once.
-- Why it works: what sells sells, and lately is the better guide the faster a shop changes.
-- What fools it: a window of the wrong length.  Too short and chance rules, so it is widened
-- until enough is found; too long and last season is recommended.
-- False alarms: a campaign that gave a product away.  And it feeds itself: what is shown sells.
-- Cost: one list for each product and one edge for each purchase in the window.  That is for a
-- catalogue of tens of thousands; a larger one is better asked by category.
return {
  name        = "cold_start",
  description = "Products that most customers bought lately, for newcomers",
  owner       = "shop",
  tags        = { "cold-start", "popularity" },
  params      = {
    window = { type = "duration", default = "28d", min = "1h", description = "what lately is, at first" },
    widest = { type = "duration", default = "365d", min = "1h",
               description = "how far the window may be widened, fourfold each time" },
    top    = { type = "integer", default = 10, min = 1, max = 50 },
    buyers = { type = "integer", default = 3, min = 1, description = "fewest to be called popular" },
  },
  reads       = { Product = {}, Customer = {}, bought = {} },
  fallback    = "none",
  returns     = { products = "list", window_days = "number" },
  limits      = { instructions = 1e6, memory = "1MiB", edges = 100000 },

  evaluate = function(graph, request)
    local params, now, customer = request.params, request.now, request.node
    local products = graph:view({ labels = { "Product" } }):nodes()
    if customer then
      products = products:minus(customer:outgoing("bought"):up_to(now):nodes())
    end

    local window, popular = params.window, nil
    while true do
      local lately = products:incoming("bought"):between(now - window, now)
      local sold = lately:group({ by = "start", sold = "count" }):where("sold", ">=", params.buyers)
      popular = {}
      -- many sales may be one buyer's: of the best sold, count the different ones
      for product in sold:sorted("-sold", 3 * params.top):each() do
        local buyers = product:incoming("bought"):between(now - window, now):distinct()
        if buyers >= params.buyers then
          popular[#popular + 1] = { product = product.key, buyers = buyers }
        end
      end
      if #popular >= params.top or window >= params.widest then
        break
      end
      window = math.min(window * 4, params.widest)
    end

    table.sort(popular, function(a, b)
      return a.buyers > b.buyers or a.buyers == b.buyers and a.product < b.product
    end)
    for i = #popular, params.top + 1, -1 do
      popular[i] = nil
    end
    return { output = { products = popular, window_days = window / 86400000 } }
  end,
}
