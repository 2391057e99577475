-- Concatenations of many long pieces whose result exists already: hashed and compared, never
-- allocated.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(20000)
    local kept = s .. s .. s .. s .. s .. s
    while true do local _ = s .. s .. s .. s .. s .. s end
  end,
}
