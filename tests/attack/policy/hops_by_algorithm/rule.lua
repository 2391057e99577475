-- Algorithms asked for more hops than are granted.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    for _, f in ipairs({
      function() return graph:ego(me, { hops = 2, edges = "transfer" }) end,
      function() return graph:shortest_path(me, me, { edges = "transfer", max_hops = 5 }) end,
    }) do
      local ok, message = pcall(f)
      assert(not ok and message:find("granted 1", 1, true), message)
    end
    return { decision = "allow" }
  end,
}
