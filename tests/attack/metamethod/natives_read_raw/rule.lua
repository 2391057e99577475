-- Library functions read tables as they are: an __index or __newindex of a proxy never runs
-- inside one.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local ran = 0
    local function note() ran = ran + 1 return "x" end
    local p = setmetatable({}, { __index = note, __newindex = note, __len = note, __call = note, __lt = note, __eq = note,
                                 __pairs = note, __ipairs = note })
    assert(unpack(p) == nil and table.concat(p) == "" and table.maxn(p) == 0 and next(p) == nil)
    for _ in pairs(p) do ran = -1 end
    for _ in ipairs(p) do break end
    table.insert(p, 1)
    table.sort(p)
    assert(table.remove(p) == 1 and rawget(p, "k") == nil and rawequal(p, p))
    rawset(p, "k", 1)
    assert(not pcall(table.concat, p, "", 1, 1))
    assert(ran == 0, ran)
    return { decision = "allow" }
  end,
}
