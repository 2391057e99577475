-- Nodes as keys of a table: its order is that of nodes, its keys are handles.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local seen = {}
    for node in me:both("transfer"):nodes():each() do
      seen[node] = node.key
    end
    local text = {}
    for node, key in pairs(seen) do
      assert(node.key == key)
      text[#text + 1] = tostring(node)
    end
    return { decision = "allow", reasons = text }
  end,
}
