return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(not pcall(pairs, host))
    assert(not pcall(next, host))
    assert(not pcall(ipairs, host) or true)
    assert(not pcall(function() return #host end))
    assert(not pcall(function() return host() end))
    assert(not pcall(function() return host .. "" end))
    return { decision = "allow" }
  end,
}
