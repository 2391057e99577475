-- The text of a condition is the set's alone when it is looked at.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local near = request.node:both("transfer"):nodes()
    local sets = {}
    for i = 1, 100 do
      sets[i] = near:where("kind", "==", "ca" .. ("r"):rep(1) .. "d")
    end
    for i = 1, 3000 do local waste = ("card%d"):format(i) .. "x" end
    for i = 1, 100 do
      assert(sets[i]:count() == sets[1]:count())
    end
    return { decision = "allow" }
  end,
}
