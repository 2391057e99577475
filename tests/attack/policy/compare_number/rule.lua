-- A number found by halving, in where.
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

    local near = graph:set({ me })
    local low, high = 0, 1000
    for _ = 1, 20 do
      local middle = (low + high) / 2
      refused("where", function() return near:where("balance", "<", middle):count() end)
      refused("where", function() return near:where("opened", "<", middle):count() end)
      refused("where", function() return near:where("risk", "<", middle):count() end)
      low = middle
    end
    return { decision = "allow" }
  end,
}
