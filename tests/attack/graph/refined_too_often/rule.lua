-- A chain of refinements longer than a set may have.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local set = request.node:outgoing("transfer")
    while true do
      set = set:where("amount", ">", 0):limit(10)
    end
  end,
}
