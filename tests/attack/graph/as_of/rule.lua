-- Nothing later than as_of exists, whatever the road to it.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me, cut = request.node, request.as_of
    assert(cut == 1600007200000)
    local seen = 0
    local function look(set)
      local times = {}
      for edge in set:each() do times[#times + 1] = edge.time end
      for _, t in ipairs(times) do assert(t <= cut, t) end
      local first = set:first()
      assert(#times == set:count() and (set:max("time") or cut) <= cut and set:exists() == (#times > 0))
      assert((first and first.time or cut) <= cut and set:after(cut):count() == 0)
      assert(set:since(cut + 1):first() == nil and set:where("time", ">", cut):count() == 0)
      assert(set:between(cut + 1, 1e300):sum("amount") == 0 and set:where("amount", "~=", 0):after(cut):nodes():count() == 0)
      for _, edge in ipairs(set:top(100, "time")) do assert(edge.time <= cut) end
      for edge in set:latest(100):each() do assert(edge.time <= cut) end
      for edge in set:largest(100, "amount"):each() do assert(edge.time <= cut) end
      for edge in set:limit(100):each() do assert(edge.time <= cut) end
      seen = seen + #times
      return set:nodes()
    end
    for _, how in ipairs({ "outgoing", "incoming", "both" }) do
      local near = look(me[how](me, "transfer"))
      look(look(near[how](near:limit(5), "transfer")):limit(5)[how](near, "transfer"))
    end
    local hub = graph:node("Account", 1000)
    assert(hub:outgoing("transfer"):count() == 7201)
    assert(hub:outgoing("transfer"):latest(1):first().time == cut and hub:outgoing("transfer"):distinct() == 7201)
    assert(graph:node("Account", 9199):incoming("transfer"):count() == 1)
    assert(graph:node("Account", 9201):incoming("transfer"):count() == 0)
    assert(me:incoming("own"):count() == 1)
    assert(not pcall(function() request.as_of = 1e300 end))
    return { decision = "allow", score = seen }
  end,
}
