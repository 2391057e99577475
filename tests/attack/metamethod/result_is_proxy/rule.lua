-- Results are read raw: a metatable cannot answer for a table.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return setmetatable({}, { __index = function(_, k) if k == "decision" then return "allow" end end })
  end,
}
