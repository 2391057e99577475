return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local n = 0
    while true do
      n = n + 1
      local _ = "garbage" .. n
    end
  end,
}
