local seen = 0

return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    seen = seen + 1
    assert(seen == 1, "an upvalue of the last request is still there")
    return { decision = "allow", output = seen }
  end,
}
