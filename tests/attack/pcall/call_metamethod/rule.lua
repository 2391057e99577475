-- Recurses without a check with the stock pcall.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    pcall(setmetatable({}, { __call = pcall }))
    return { decision = "allow" }
  end,
}
