-- A way out of the allowed circle, handle by handle.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local node = graph:node("Account", 1)
    for _ = 1, 9 do
      node = node:outgoing("transfer"):where("amount", "<", 1000):first().target
    end
    return { decision = "allow" }
  end,
}
