-- The largest and the top by a masked property tell its order.
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
    refused("top", function() return out:top(1, "amount") end)
    refused("largest", function() return out:largest(1, "amount"):count() end)
    refused("smallest", function() return out:smallest(1, "amount"):count() end)
    return { decision = "allow" }
  end,
}
