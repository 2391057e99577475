-- The order of a table with many keys says nothing of how it came about: insertions, deletions,
-- collisions.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local a, b, words = {}, {}, {}
    for i = 1, 300 do words[i] = "w" .. (i * 7919) % 1009 end
    for i = 1, 300 do a[words[i]] = true end
    for i = 300, 1, -1 do b["x" .. i] = true b[words[i]] = true end
    for i = 1, 300 do b["x" .. i] = nil end
    local ka, kb = {}, {}
    for k in pairs(a) do ka[#ka + 1] = k end
    for k in pairs(b) do kb[#kb + 1] = k end
    assert(table.concat(ka, ",") == table.concat(kb, ","))
    return { decision = "allow" }
  end,
}
