-- 1 and "1", and text that differs behind a NUL byte.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = "allow", output = { [1] = "a", ["1"] = "b", ["k\0a"] = 1, ["k\0b"] = 2, k = 3, [""] = 4 } }
  end,
}
