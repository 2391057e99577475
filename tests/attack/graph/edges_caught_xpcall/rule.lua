-- The edges run out in a handler.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    xpcall(function() while true do local s = hub:outgoing("transfer"):sum("amount") end end, function() return "caught" end)
    return { decision = "allow" }
  end,
}
