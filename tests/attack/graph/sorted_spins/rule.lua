-- Sorting is work too.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local set = hub:outgoing("transfer"):latest(20000):group({ n = "count", t = { max = "time" } })
    while true do
      set = set:sorted("n", "-t"):sorted("t")
    end
    return { decision = "allow" }
  end,
}
