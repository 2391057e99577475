-- 9 KB of C stack a level in a stock state, 5455 levels.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function f() return (("x"):gsub("x", f)) end
    return f()
  end,
}
