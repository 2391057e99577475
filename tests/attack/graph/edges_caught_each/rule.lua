-- The edges run out in a loop's step.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    local step = hub:outgoing("transfer"):where("amount", "<", -1):each()
    pcall(step)
    pcall(step)
    return { decision = "allow" }
  end,
}
