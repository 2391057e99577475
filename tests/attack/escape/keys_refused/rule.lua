-- Which of several keys that cannot be iterated is named must not depend on where they lie in
-- the table: the rule can read the message.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local told = {}
    for n = 1, 40 do
      local t = {}
      for i = 1, n do t["key" .. i] = i end
      t[true], t[{}], t[tostring], t[coroutine.create(tostring)] = 1, 2, 3, 4
      for _, walk in ipairs({ pairs, next }) do
        local fine, message = pcall(function() for _ in walk(t) do end end)
        assert(not fine)
        told[#told + 1] = message
      end
    end
    return { decision = "allow", output = table.concat(told):sub(1, 4000) }
  end,
}
