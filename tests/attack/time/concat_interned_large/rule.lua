-- The same with 1 MiB for one bytecode.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(250000)
    local kept = s .. s .. s .. s
    while true do local _ = s .. s .. s .. s end
  end,
}
