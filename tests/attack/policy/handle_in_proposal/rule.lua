-- The same in what it proposes.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local ann = me:incoming("own"):nodes():each()()
    return { decision = "allow",
             new_edges = { { type = "own", from = ann, to = me, properties = {} } },
             updated_nodes = { { node = ann, set = { name = ann.name } } } }
  end,
}
