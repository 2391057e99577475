return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    count = (count or 0) + 1
    assert(count == 1, "a global of the last request is still there")
    return { decision = "allow", output = count }
  end,
}
