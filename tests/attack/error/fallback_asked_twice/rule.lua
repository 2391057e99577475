-- The rule fails in its last line, after it has made a result.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local result = setmetatable({ decision = "allow" }, nil)
    error("late")
    return result
  end,
}
