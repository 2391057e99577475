-- Each call passes one argument more.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function f(...) return f(1, ...) end
    f()
  end,
}
