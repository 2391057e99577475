-- The rule replaces what native functions might look up by name.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    tostring, next, pairs, type, error, string, table = nil, nil, nil, nil, nil, nil, nil
    assert(("%s"):format(true) == "true" and ("x"):rep(3) == "xxx")
    setmetatable(_G, { __index = function() while true do end end })
    rawset(_G, "package", { loaded = {} })
    assert(("a,b"):gsub(",", ";") == "a;b")
    return { decision = "allow" }
  end,
}
