-- The edges run out in coroutines.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    for i = 1, 1000 do
      coroutine.resume(coroutine.create(function()
        while true do local s = hub:outgoing("transfer"):sum("amount") end
      end))
    end
    return { decision = "allow" }
  end,
}
