-- A metatable of the globals that answers for every missing name.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(undefined == nil, "kept")
    setmetatable(_G, { __index = function(_, k) return k end, __newindex = function() end, __metatable = "locked" })
    undefined_too = 1
    assert(undefined == "undefined" and rawget(_G, "undefined_too") == nil)
    return { decision = "allow" }
  end,
}
