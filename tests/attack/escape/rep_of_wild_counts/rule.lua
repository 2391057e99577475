-- string.rep alone, which is skipped there since a large count ends the run.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, count in ipairs({ 0, -1, -2 ^ 31, -2 ^ 63, -1 / 0, 0 / 0, "x", "", {}, true }) do pcall(string.rep, "abc", count) end
    for _, s in ipairs({ 0, "", true, {}, graph }) do pcall(string.rep, s, 3) pcall(string.rep, "x", 3, s) end
    return { decision = "allow" }
  end,
}
