-- Errors with long messages that are caught.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(20000)
    while true do pcall(error, s .. 1) pcall(error, s, 2) pcall(assert, false, s) end
  end,
}
