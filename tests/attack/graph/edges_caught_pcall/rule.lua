-- The edges run out in pcall, then answered as if nothing had been.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    while true do
      local fine, why = pcall(function() return hub:outgoing("transfer"):sum("amount") end)
      if not fine then return { decision = "allow" } end
    end
  end,
}
