-- __call never answers.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __call = function(self, ...) while true do end end })
    while true do pcall(t, t, t) end
  end,
}
