-- What counting distinct nodes takes outside the rule's heap is counted as its own.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    pcall(function() return hub:outgoing("transfer"):nodes() end)
    return { decision = "allow" }
  end,
}
