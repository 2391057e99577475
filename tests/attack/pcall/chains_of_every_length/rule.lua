-- LuaJIT issue 1048: pcall of pcall of pcall, of every length up to 245 and beyond, on the small
-- stack of a fresh coroutine.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for n = 1, 400 do
      local chain = {}
      for i = 1, n do chain[i] = pcall end
      chain[n + 1], chain[n + 2] = pairs, {}
      coroutine.wrap(pcall)(unpack(chain))
      coroutine.wrap(xpcall)(unpack(chain))
      coroutine.wrap(function(...) return pcall(...) end)(unpack(chain))
    end
    return { decision = "allow" }
  end,
}
