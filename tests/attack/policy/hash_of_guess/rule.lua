-- No function of the library makes the hash: nothing that a rule computes equals it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local want = me.key
    for i = 0, 2000 do
      assert(("%032x"):format(i) ~= want)
    end
    return { decision = "allow" }
  end,
}
