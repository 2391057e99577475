-- Step after step beyond the hops of the grant.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local at = graph:set({ me })
    pcall(function()
      for _ = 1, 5 do
        at = at:outgoing("transfer"):nodes()
        assert(at:count() > 0)
      end
    end)
    return { decision = "allow" }
  end,
}
