-- Writes past the Lua stack with the stock pcall.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7900 do t[i] = pcall end
    pcall(unpack(t))
    return { decision = "allow" }
  end,
}
