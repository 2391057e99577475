-- Such a node cannot be written into a result.
return {
  name      = "hostile",
  reads     = { Account = {}, own = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    return { decision = "allow", output = { x = me:incoming("own"):nodes():each()() } }
  end,
}
