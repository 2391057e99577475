-- Texts of handles and keys through every string function.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local edge = me:outgoing("transfer"):first()
    assert(tostring(me) == "Account:1" and ("%s"):format(me) == "Account:1" and me.key:rep(3) == "111")
    assert(me.key:find("1") == 1 and me.key:upper() == "1" and me.key:byte() == 49 and #me.key == 1)
    assert(not tostring(edge):find("0x") and not tostring(me:outgoing("transfer")):find("0x"))
    assert(not tostring(graph):find("0x") and not tostring(request):find("0x"))
    for _, f in ipairs({ string.upper, string.len, string.rep, string.gsub, string.byte, string.sub }) do
      assert(not pcall(f, me, 1, 1))
    end
    for _, format in ipairs({ "%d", "%f", "%c", "%x", "%g" }) do
      assert(not pcall(string.format, format, me))
    end
    assert(not ("%q"):format(me.key):find("Account"))
    return { decision = "allow", reasons = { tostring(me), tostring(edge) } }
  end,
}
