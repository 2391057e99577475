return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(not pcall(rawset, host, "echo", 1))
    assert(not pcall(rawget, host, "echo"))
    assert(not pcall(setmetatable, host, {}))
    assert(type(getmetatable(host)) ~= "table")
    return { decision = "allow" }
  end,
}
