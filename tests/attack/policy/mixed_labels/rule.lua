-- A property that another label has unmasked is no way round.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
                transfer = { "amount", "code" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local function refused(what, f)
      local ok, message = pcall(f)
      assert(not ok and tostring(message):find("masked", 1, true), what .. ": " .. tostring(message))
    end

    local all = me:incoming("own"):nodes():union(graph:set({ me }))
    refused("where", function() return all:where("name", "==", "Ann"):count() end)
    refused("top", function() return all:top(1, "name") end)
    return { decision = "allow" }
  end,
}
