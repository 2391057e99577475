-- Paths and ranks weighted by a masked property.
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

    refused("path", function()
      return graph:shortest_path(me, me:outgoing("transfer"):nodes():each()(),
                                 { edges = "transfer", weight = "amount" })
    end)
    refused("ego", function()
      return graph:ego(me, { hops = 2, edges = { "transfer" }, weight = "amount" })
    end)
    return { decision = "allow" }
  end,
}
