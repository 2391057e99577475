return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, name in ipairs({ "io", "os", "debug", "package", "ffi", "jit", "require", "module", "dofile", "load",
      "loadfile", "loadstring", "getfenv", "setfenv", "collectgarbage", "gcinfo", "newproxy", "print" }) do
      assert(_G[name] == nil, name)
    end
    return { decision = "allow" }
  end,
}
