return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(type(getmetatable(graph)) ~= "table")
    assert(type(getmetatable(request)) ~= "table")
    assert(not pcall(setmetatable, request, {}))
    assert(not pcall(rawset, string, "rep", 1))
    return { decision = "allow" }
  end,
}
