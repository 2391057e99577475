return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, name in ipairs { "count", "fail", "__index", "__gc", "", "echo\0", "ECHO" } do
      local done, why = pcall(function() return host[name] end)
      assert(not done and why:find("has to list it", 1, true))
    end
    for _, key in ipairs { 1, true, {}, 0.5 } do assert(not pcall(function() return host[key] end)) end
    return { decision = "allow" }
  end,
}
