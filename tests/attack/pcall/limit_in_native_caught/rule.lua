-- The budget ends inside a native function's own charge, not at a bytecode; pcall around it goes
-- on.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(30000)
    while true do pcall(string.reverse, s) pcall(string.find, s, "y", 1, true) pcall(s.upper, s) end
  end,
}
