-- Catching the nodes limit.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    while true do
      pcall(function()
        for leaf in hub:outgoing("transfer"):latest(100):nodes():each() do
          pcall(leaf.outgoing, leaf, "transfer")
        end
      end)
    end
    return { decision = "allow" }
  end,
}
