return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function f() return 1 + f() end
    assert(not pcall(f))
    assert(not pcall(f))
    return { decision = "allow" }
  end,
}
