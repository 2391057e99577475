-- A write that is passed on to a frozen table.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __newindex = string })
    t.rep = 1
  end,
}
