-- Cycles whose amounts must be close to each other.
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

    refused("cycles", function()
      return me:outgoing("transfer"):cycles({ hops = 3, within = 1e12, property = "amount", ratio = 1.5 })
    end)
    return { decision = "allow" }
  end,
}
