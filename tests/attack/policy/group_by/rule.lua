-- A masked property summed, or counted by, in a grouping.
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
    for _, how in ipairs({ "sum", "min", "max", "avg" }) do
      refused(how, function() return out:group({ x = { [how] = "amount" } }) end)
    end
    return { decision = "allow" }
  end,
}
