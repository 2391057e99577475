return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = getmetatable("") or string
    s = s.__index or s
    s.rep = nil
  end,
}
