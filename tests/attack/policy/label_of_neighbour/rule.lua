-- The other end of a granted edge has a label that is not: its name is not told.
return {
  name      = "hostile",
  reads     = { Account = {}, own = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local owner = me:incoming("own"):nodes():each()()
    return { decision = "allow", reasons = { owner.label } }
  end,
}
