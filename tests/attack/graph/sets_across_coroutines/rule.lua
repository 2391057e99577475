-- Sets made by coroutines that are dead, refined and finished by others.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local sets = {}
    kept = {}
    for i = 1, 50 do
      coroutine.wrap(function()
        local set = request.node:outgoing("transfer"):nodes():where("kind", "==", "ca" .. "rd"):outgoing("transfer")
        sets[i] = function() return set end
        kept[i] = set:where("amount", ">", i)
      end)()
    end
    for i = 1, 3000 do local waste = { {}, ("%d"):format(i) } end
    local one = sets[1]():count()
    for i = 1, 50 do
      local count = coroutine.wrap(function() return sets[i]():count() end)()
      assert(count == one)
      assert(kept[i]:count() == sets[i]():where("amount", ">", i):count())
    end
    return { decision = "allow" }
  end,
}
