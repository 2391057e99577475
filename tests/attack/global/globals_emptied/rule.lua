-- Every global is cleared.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for k in pairs(_G) do if k ~= "_G" then _G[k] = nil end end
    _G._G = nil
    return { decision = "allow" }
  end,
}
