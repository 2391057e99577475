-- Heap overflow with the stock xpcall: a stack overflow within the handler of one.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function deep() return 1 + deep() end
    xpcall(deep, function() return deep() end)
    return { decision = "allow" }
  end,
}
