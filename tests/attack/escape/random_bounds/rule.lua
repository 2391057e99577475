-- Intervals that are empty, endless, no numbers, or larger than a number can count.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, bounds in ipairs({ { 0 }, { -1 }, { 0 / 0 }, { 2, 1 }, { 1, 0 / 0 }, { 0 / 0, 1 }, { 1, 2, 3 }, { "x" }, { {} } }) do
      assert(not pcall(math.random, unpack(bounds)))
    end
    for _, bounds in ipairs({ { 1 / 0 }, { -1 / 0, 1 / 0 }, { 2 ^ 53 }, { -2 ^ 1000, 2 ^ 1000 }, { 1, 1 }, { 0.5, 1.5 } }) do
      pcall(math.random, unpack(bounds))
    end
    return { decision = "allow" }
  end,
}
