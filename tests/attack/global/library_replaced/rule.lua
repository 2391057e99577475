return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    pairs, string, pcall, tostring = nil, nil, nil, nil
    math = { floor = function() return 666 end }
    _G.ipairs = nil
    return { decision = "allow" }
  end,
}
