-- __len of a table is not asked in Lua 5.1: an endless one must not be reached from # or from a
-- native function.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({ 1, 2, 3 }, { __len = function() while true do end end })
    assert(#t == 3 and select("#", unpack(t)) == 3 and table.concat(t) == "123")
    table.insert(t, 4)
    table.sort(t)
    assert(table.remove(t) == 4)
    return { decision = "allow" }
  end,
}
