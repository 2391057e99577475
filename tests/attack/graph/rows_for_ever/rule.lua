-- Rows are tables, and tables are paid for.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = hub:outgoing("transfer"):latest(5000):nodes():with({ a = 1 })
    local kept = {}
    for i = 1, 1e9 do
      kept[i] = set:rows("payee")
    end
    return { decision = "allow" }
  end,
}
