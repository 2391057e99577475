-- Sums, averages and extremes of a masked property.
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
    for _, method in ipairs({ "sum", "avg", "min", "max" }) do
      refused(method, function() return out[method](out, "amount") end)
      refused(method, function() return out[method](out, "code") end)
    end
    return { decision = "allow" }
  end,
}
