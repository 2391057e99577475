-- A node returned as itself is written as its label and key.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local ann = me:incoming("own"):nodes():each()()
    return { decision = "allow", output = { list = { ann }, deep = { { ann } } } }
  end,
}
