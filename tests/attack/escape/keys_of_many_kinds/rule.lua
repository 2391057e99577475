-- Which of several keys without an order is named in an error must not depend on their addresses.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local texts = {}
    for n = 1, 40 do
      local t = { [true] = 1, [graph] = 2 }
      for i = 1, n do t[{ i }] = 1 t[function() return i end] = 2 t[coroutine.create(pairs)] = 3 end
      texts[#texts + 1] = select(2, pcall(pairs, t))
      texts[#texts + 1] = select(2, pcall(next, t))
    end
    assert(texts)
    return { decision = "allow", output = texts }
  end,
}
