-- Handed to such a function a thousand times within one call.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("1e308 "):rep(1000)
    while true do s:gsub("%S+", math.floor) end
  end,
}
