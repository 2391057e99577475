-- __mode that a metatable inherits, or gets by rawset, or as bytes put together.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function count(t) local n = 0 for i = 1, 300 do if rawget(t, i) then n = n + 1 end end return n end
    local inherited = setmetatable({}, setmetatable({}, { __index = { __mode = "k" } }))
    local mt = {}
    local raw = setmetatable({}, mt)
    rawset(mt, "__" .. ("edom"):reverse(), "kv")
    for i = 1, 300 do inherited[i] = {} raw[i] = {} end
    for i = 1, 30000 do local _ = { i } end
    assert(count(inherited) == 300 and count(raw) == 300)
    return { decision = "allow" }
  end,
}
