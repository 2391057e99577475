-- A handle, a set and a loop kept in globals and upvalues meet no second run.
local kept

return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(stash == nil and kept == nil)
    kept = { request.node, request.node:outgoing("transfer"), request.node:both("transfer"):each() }
    stash = function() return kept end
    kept[3]()
    return { decision = "allow", score = kept[2]:count() }
  end,
}
