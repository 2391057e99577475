-- A list of reasons whose length is found by halving: 2^30.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 0, 29 do t[2 ^ i] = "x" end
    return { decision = "allow", reasons = t }
  end,
}
