-- Reads in __tostring, in gsub, in a coroutine.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)
    local t = setmetatable({}, { __tostring = function() return ("x"):gsub("x", function() return hub:outgoing("transfer"):sum("amount") end) end })
    while true do coroutine.resume(coroutine.create(function() pcall(tostring, t) end)) end
  end,
}
