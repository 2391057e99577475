-- Loops inside loops as deep as the language allows, all of them merged ones.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local deepest = 0
    local function descend(depth)
      deepest = math.max(deepest, depth)
      for edge, other in request.node:both("transfer"):each() do
        local fine, why = pcall(descend, depth + 1)
        if not fine then error(why, 0) end
        break
      end
    end
    local fine, why = pcall(descend, 1)
    assert(not fine and why:find("C stack overflow", 1, true) and deepest > 180, why)
    return { decision = "allow", score = deepest }
  end,
}
