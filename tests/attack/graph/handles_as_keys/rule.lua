-- A table of very many handles.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local seen, n = {}, 0
    while true do
      for edge, other in hub:outgoing("transfer"):each() do
        seen[edge], seen[other] = other, edge
      end
    end
  end,
}
