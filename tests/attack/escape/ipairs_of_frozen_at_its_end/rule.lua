-- The iterator of ipairs over a library table, called with the largest integers: the next one
-- must not be computed.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local step = ipairs(string)
    for _, place in ipairs({ 2 ^ 53, 2 ^ 63, 1e308, 1 / 0, -2 ^ 63, -1 / 0, 0 / 0 }) do
      assert(step(string, place) == nil)
    end
    return { decision = "allow" }
  end,
}
