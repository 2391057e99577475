-- select with places that are not there.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, n in ipairs({ 0, -4, -1e9, -1 / 0, 0 / 0, -2 ^ 31, "x", {} }) do assert(not pcall(select, n, 1, 2, 3), n) end
    for _, n in ipairs({ 4, 1e9, 2 ^ 31 - 1 }) do assert(select("#", select(n, 1, 2, 3)) == 0) end
    assert(select("#") == 0 and select(-1, 1, 2, 3) == 3)
    return { decision = "allow" }
  end,
}
