-- More nodes than fit the output.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local nodes = {}
    for node in hub:outgoing("transfer"):limit(15000):nodes():each() do nodes[#nodes + 1] = node end
    return { decision = "allow", output = nodes }
  end,
}
