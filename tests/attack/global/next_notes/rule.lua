return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { a = 1, b = 2, c = 3 }
    local k = next(t, "a")
    assert(k == "b")
    return { decision = "allow", output = { k, (next(t, k)) } }
  end,
}
