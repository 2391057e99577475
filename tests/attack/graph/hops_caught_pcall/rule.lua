-- The same, catching what stops it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local node = graph:node("Account", 1)
    while true do
      pcall(function()
        for _, other in node:outgoing("transfer"):each() do
          node = other
        end
      end)
    end
    return { decision = "allow" }
  end,
}
