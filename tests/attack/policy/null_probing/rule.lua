-- Whether a redacted value is there at all.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    for owned in me:incoming("own"):nodes():outgoing("own"):each() do
      assert(owned.share == nil)
    end
    for node in me:both("transfer"):nodes():of("Account"):each() do
      assert(node.pin == "[redacted]")
    end
    return { decision = "allow" }
  end,
}
