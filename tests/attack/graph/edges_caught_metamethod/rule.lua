-- The edges run out in metamethods.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    local odd = setmetatable({}, { __index = function() return hub:outgoing("transfer"):sum("amount") end, __tostring = function() return "" .. hub:outgoing("transfer"):sum("amount") end,
                                    __lt = function() return hub:outgoing("transfer"):sum("amount") > 0 end })
    pcall(function() return odd.x end)
    pcall(tostring, odd)
    pcall(function() return odd < odd end)
    return { decision = "allow" }
  end,
}
