-- Walking in a circle, each step a new set and a new handle.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local at = request.node
    while true do
      at = at:outgoing("transfer"):first().target
    end
  end,
}
