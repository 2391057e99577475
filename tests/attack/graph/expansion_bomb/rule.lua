-- Hop after hop over a cluster in which everything reaches everything.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local near = request.node:outgoing("transfer"):nodes()
    while true do
      near = near:outgoing("transfer"):nodes()
    end
  end,
}
