-- Depth-first, never marking what was seen.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function visit(node)
      for _, other in node:outgoing("transfer"):each() do
        visit(other)
      end
    end
    visit(request.node)
    return { decision = "allow" }
  end,
}
