return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for name, f in pairs(string) do assert(f == string[name]) end
    local iterator, state = pairs(string)
    assert(state == string)
    iterator, state = ipairs(table)
    assert(state == table)
    assert(not pcall(table.insert, string, 1) and not pcall(table.sort, table) and not pcall(table.remove, math))
    return { decision = "allow" }
  end,
}
