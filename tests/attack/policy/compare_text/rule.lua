-- A text compared by every operator, to be guessed letter by letter.
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
    for _, op in ipairs({ "==", "~=", "<", "<=", ">", ">=" }) do
      refused(op, function() return near:where("pin", op, "1234"):count() end)
      refused(op, function() return near:where("kind", op, "card"):count() end)
    end
    return { decision = "allow" }
  end,
}
