-- The key of a node, by field, text, format and concatenation.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    assert(#me.key == 32 and me.key ~= "1")
    assert(tostring(me) == "Account:" .. me.key)
    assert(("%s"):format(tostring(me)):find(me.key, 1, true))
    local ann = me:incoming("own"):nodes():each()()
    assert(ann.key == "[redacted]" and tostring(ann) == "Person:[redacted]")
    assert(ann.name == "[redacted]")
    return { decision = "allow", reasons = { tostring(ann), ann.key, ann.name } }
  end,
}
