-- Node sets: expanded again and again, filtered, combined, folded.
return {
  name      = "sets",
  reads     = { Account = { "risk", "balance", "kind", "createTime" }, Person = { "name" },
                Company = {}, Medium = {}, transfer = { "amount" }, own = {}, invest = { "ratio" },
                signIn = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  limits    = { instructions = 1e6, time = "9s", edges = 100000, memory = "1MiB" },

  evaluate = function(graph, request)
    local me = request.node
    local near = me:both("transfer"):nodes():union(graph:set({ me }))
    local far, hops = near, 0
    while hops < 4 do
      local more = far:both("transfer"):nodes():minus(near)
      if not more:exists() then break end
      near, far, hops = near:union(more), more, hops + 1
    end
    local owners = near:incoming("own"):nodes()
    local companies = owners:both("invest"):nodes():of("Company")
    local order = {}
    for node in near:where("risk", ">=", 20):each() do
      order[#order + 1] = node.key
    end
    local recent = near:outgoing("transfer"):between(request.now - 3600000 * 8, request.now)
    return {
      decision = near:contains(me) and "allow" or "deny",
      score    = near:sum("balance") + recent:sum("amount"),
      reasons  = order,
      output   = { owners = owners:count(), people = owners:of("Person"):count(),
                   companies = companies:count(), avg = near:avg("risk"),
                   oldest = near:min("createTime"), ratio = companies:incoming("invest"):max("ratio"),
                   again = recent:distinct(), shared = near:intersect(recent:nodes()):count(),
                   top = near:top(2, "balance"), devices = near:both("signIn"):nodes():count() },
    }
  end,
}
