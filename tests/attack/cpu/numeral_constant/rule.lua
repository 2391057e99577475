-- A short text that LuaJIT parses for 50 us, in the source.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e308"
    while true do local x = s + 0 end
  end,
}
