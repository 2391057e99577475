-- The collector looks for __mode whenever it meets a table, not only in setmetatable.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = {}
    local t = setmetatable({}, mt)
    mt.__mode = "kv"
    for i = 1, 500 do t[i] = {} end
    for i = 1, 20000 do local _ = { i } end
    local left = 0
    for i = 1, 500 do left = left + (t[i] and 1 or 0) end
    assert(left == 500, left)
    return { decision = "allow" }
  end,
}
