-- Each error object keeps the one before.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local last
    while true do
      local _, e = pcall(error, { last })
      last = e
    end
  end,
}
