-- Handles among keys of other kinds, and pairs resumed from a handle that is not there.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local seen = { "a", "b", x = 1, [0.5] = 2, [-7] = 3 }
    local nodes, edges = 0, 0
    for edge, other in me:both("transfer"):each() do
      seen[edge], seen[other] = true, true
    end
    local order = {}
    for key in pairs(seen) do
      order[#order + 1] = type(key) == "userdata" and tostring(key) or tostring(key)
    end
    local again = {}
    local key = next(seen)
    while key do
      again[#again + 1] = tostring(key)
      key = next(seen, key)
    end
    assert(table.concat(order, " ") == table.concat(again, " "))
    assert(next({}, me) == nil and next({ x = 1 }, me) == nil) -- nothing stands behind it
    seen[graph] = 1
    assert(not pcall(function() for _ in pairs(seen) do end end))
    return { decision = "allow", reasons = order }
  end,
}
