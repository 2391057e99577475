-- The same over nodes.
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

    local near = me:both("transfer"):nodes():of("Account")
    for _, method in ipairs({ "sum", "avg", "min", "max" }) do
      refused(method, function() return near[method](near, "balance") end)
    end
    return { decision = "allow" }
  end,
}
