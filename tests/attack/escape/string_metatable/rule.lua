return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(getmetatable("") == nil)
    assert(getmetatable(string) == false)
    return { decision = "allow" }
  end,
}
