-- Keys, which are read from the map, fill the output.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local keys = {}
    for i = 1, 20000 do keys[i] = request.node end
    return { decision = "allow", output = keys }
  end,
}
