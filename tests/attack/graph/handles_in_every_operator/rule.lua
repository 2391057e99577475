-- Nodes, edges and sets in every operator: errors, never a number or an address.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local things = { me, me:outgoing("transfer"):first(), me:outgoing("transfer"), me:outgoing("transfer"):nodes(), graph }
    for _, a in ipairs(things) do
      for _, b in ipairs({ 1, "x", {}, me, things[3] }) do
        for _, f in ipairs({ function() return a + b end, function() return b - a end, function() return a * b end, function() return a .. b end,
            function() return a < b end, function() return b <= a end, function() return a(b) end, function() return -a end, function() return #a + 1 end,
            function() for _ = a, 1 do end end, function() for _ in a do end end, function() a.x = b end, function() a[b] = 1 end, function() return a[b].z end }) do
          local fine, message = pcall(f)
          assert(not fine and not tostring(message):find("0x", 1, true))
        end
      end
      assert(getmetatable(a) == nil and not pcall(setmetatable, a, {}) and not pcall(rawget, a, 1) and not pcall(rawset, a, 1, 1))
      assert(not pcall(next, a) and not pcall(pairs, a) and not pcall(unpack, a) and not pcall(table.insert, a, 1) and tonumber(a) == nil)
    end
    return { decision = "allow" }
  end,
}
