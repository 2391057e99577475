-- A new one each turn, so that none is seen twice.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local i = 0
    while true do
      i = i + 1
      local s = i .. "e300"
      local x = s + 0 + s + s + s + s + s + s + s
    end
  end,
}
