-- The cut was made inside pcall and its result thrown away: it was made all the same.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    pcall(function()
      request.node:both("transfer"):where("amount", ">", 0):earliest(1):count()
      error("nothing happened")
    end)
    return { decision = "allow" }
  end,
}
