-- Each level of a recursion that overflows catches the error and recurses again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function f() pcall(f) pcall(f) return 1 end
    f()
  end,
}
