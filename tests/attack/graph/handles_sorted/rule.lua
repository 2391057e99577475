-- Handles have no order of their own; a comparator that reads the graph may lie.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local list = {}
    for edge, other in request.node:outgoing("transfer"):nodes():outgoing("transfer"):limit(300):each() do
      list[#list + 1] = other
    end
    assert(not pcall(table.sort, list))
    pcall(table.sort, list, function(a, b) return a:outgoing("transfer"):count() >= b:outgoing("transfer"):count() end)
    pcall(table.sort, list, function(a, b) return true end)
    table.sort(list, function(a, b) return tonumber(a.key) < tonumber(b.key) end)
    for i = 2, #list do assert(tonumber(list[i - 1].key) <= tonumber(list[i].key)) end
    return { decision = "allow" }
  end,
}
