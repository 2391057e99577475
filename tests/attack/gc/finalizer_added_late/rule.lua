-- __gc set after setmetatable, by rawset, by inheritance: tables have no finalizers.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local ran = false
    local mt = {}
    local t = setmetatable({}, mt)
    mt.__gc = function() ran = true end
    rawset(mt, "__gc", mt.__gc)
    local heir = setmetatable({}, setmetatable({}, { __index = mt }))
    t, heir = nil, nil
    for i = 1, 30000 do local _ = { i } end
    assert(not ran)
    return { decision = "allow" }
  end,
}
