-- The same of edges, and of the condition that algorithms take.
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

    local out = me:outgoing("transfer")
    refused("where", function() return out:where("amount", ">", 50):count() end)
    refused("where", function() return out:where("code", "==", 7):count() end)
    refused("option", function()
      return graph:ego(me, { hops = 1, edges = { transfer = { where = { "amount", ">", 50 } } } })
    end)
    refused("option", function()
      return graph:shortest_path(me, me, { edges = { transfer = { where = { "code", "==", 7 } } } })
    end)
    return { decision = "allow" }
  end,
}
