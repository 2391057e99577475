-- The key named as a property where properties are wanted.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local near = me:both("transfer"):nodes()
    for _, f in ipairs({
      function() return near:where("key", "==", "2"):count() end,
      function() return near:top(1, "key") end,
      function() return near:sum("key") end,
      function() return near:sorted("key") end,
      function() return me:outgoing("transfer"):group({ x = { min = "key" } }) end,
    }) do
      assert(not pcall(f))
    end
    return { decision = "allow" }
  end,
}
