-- math.max parses each of its 7,000 arguments, all the same long string of digits: one bytecode.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, t = ("9"):rep(10000), {}
    for i = 1, 7000 do t[i] = s end
    while true do math.max(unpack(t)) end
  end,
}
