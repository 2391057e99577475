-- The iterators of pairs and ipairs, called with other tables, other places, and none.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local odd = { 0, -1, 0.5, 2, 2 ^ 31, -2 ^ 31, 2 ^ 53, -1 / 0, 0 / 0, "k", true, {}, string, graph }
    for _, t in ipairs({ { 1, 2, 3 }, { a = 1, b = 2 }, { 1, 2, x = 3 }, string, {} }) do
      for _, begin in ipairs({ pairs, ipairs }) do
        local step = begin(t)
        for _, other in ipairs({ t, {}, { 9 }, { z = 1 }, string, table, 5, "x", true, graph }) do
          pcall(step)
          pcall(step, other)
          for _, place in ipairs(odd) do pcall(step, other, place) pcall(next, other, place) end
        end
      end
    end
    return { decision = "allow" }
  end,
}
