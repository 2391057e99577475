-- By functions of LuaJIT's own, which charge nothing by themselves.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do
      local a, b, c = math.floor(s), math.fmod(s, s), bit.bnot(s)
    end
  end,
}
