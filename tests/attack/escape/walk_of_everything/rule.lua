-- From the globals, the graph, the request and every metatable that can be had: nothing reachable
-- has a name or a function that was left out.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local seen, banned = {}, {}
    for _, name in ipairs({ "io", "os", "debug", "package", "ffi", "jit", "require", "load", "loadstring", "loadfile", "dofile",
      "getfenv", "setfenv", "dump", "popen", "execute", "getregistry", "getupvalue", "sethook", "newproxy", "collectgarbage",
      "gcinfo", "module", "randomseed", "_LOADED", "_PRELOAD", "loaded", "preload", "running", "foreach", "getn", "setn" }) do
      banned[name] = true
    end
    local function walk(value, path)
      if value == nil or seen[value] then return end
      seen[value] = true
      if type(value) == "table" then
        for k, v in pairs(value) do
          assert(not banned[k], path .. "." .. tostring(k))
          walk(v, path .. "." .. tostring(k))
        end
        walk(getmetatable(value), path .. "!")
      else
        assert(getmetatable(value) == nil, path)
      end
    end
    walk(_G, "_G")
    walk(graph, "graph")
    walk(request, "request")
    walk(request.params, "params")
    return { decision = "allow" }
  end,
}
