-- A budget of a single edge: a probe, and nothing behind it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(request.node:outgoing("transfer"):count() == 4)
    pcall(function() return request.node:outgoing("transfer"):exists() end)
    return { decision = "allow" }
  end,
}
