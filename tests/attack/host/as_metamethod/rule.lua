return {
  name      = "hostile",
  reads     = {},
  functions = { "echo", "count" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __index = host.echo, __call = host.count })
    assert(not pcall(function() return t.x end))
    assert(not pcall(function() return t(1, 2) end))
    return { decision = "allow" }
  end,
}
