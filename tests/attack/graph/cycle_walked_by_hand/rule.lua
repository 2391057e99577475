-- A walk along a circle by edges' targets, without end, caught at each step.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local node = request.node
    while true do
      pcall(function() node = node:outgoing("transfer"):earliest(1):first().target end)
    end
  end,
}
