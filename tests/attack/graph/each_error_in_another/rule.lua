-- A bad read in one coroutine, within a loop that belongs to another, again and again.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local following = coroutine.wrap(function()
      return request.node:both("transfer"):each()
    end)()
    local caught = 0
    while true do
      local fine, edge = coroutine.resume(coroutine.create(function()
        local edge = following()
        if not edge then return "over" end
        return edge.nothing
      end))
      if edge == "over" then break end
      assert(not fine and edge:find("no property 'nothing'", 1, true), edge)
      caught = caught + 1
    end
    assert(caught == request.node:both("transfer"):count())
    return { decision = "allow" }
  end,
}
