-- A result whose fields come from __index.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return setmetatable({}, { __index = { decision = "allow" } })
  end,
}
