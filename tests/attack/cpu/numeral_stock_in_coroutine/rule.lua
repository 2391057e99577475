-- As a coroutine.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do coroutine.wrap(math.sqrt)(s) end
  end,
}
