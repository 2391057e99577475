-- Tables of options with thousands of names that are none.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local core = graph:node("Account", 50000)
    local view = graph:ego(core, { hops = 6, edges = "transfer", direction = "outgoing", max_nodes = 400 })
    while true do
      pcall(function() local o = {} for i = 1, 3000 do o["x" .. i] = 1 end while true do pcall(graph.ego, graph, core, o) end end)
    end
  end,
}
