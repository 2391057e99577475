-- The edges run out in a loop whose coroutine is dead: there is none to unwind.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local following
    coroutine.wrap(function()
      following = hub:outgoing("transfer"):where("amount", "<", -1):each()
    end)()
    for i = 1, 2000 do
      local waste = { i, { i } }
    end
    following()
    return { decision = "allow" }
  end,
}
