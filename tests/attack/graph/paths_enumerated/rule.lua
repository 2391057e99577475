-- All paths of 12 hops through a dense cluster, by recursion: 40^12.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function walk(node, depth)
      if depth == 0 then return 1 end
      local n = 0
      for _, other in node:outgoing("transfer"):each() do n = n + walk(other, depth - 1) end
      return n
    end
    return walk(graph:node("Account", 50000), 12)
  end,
}
