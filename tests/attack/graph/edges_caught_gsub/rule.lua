-- The edges run out in a replacement.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    pcall(string.gsub, ("x"):rep(100), "x", function() return tostring(hub:outgoing("transfer"):sum("amount")) end)
    return { decision = "allow" }
  end,
}
