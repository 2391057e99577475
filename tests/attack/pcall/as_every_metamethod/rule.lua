-- LuaJIT issues 1048 and 1403: pcall, xpcall, error, type and coroutine functions as the
-- metamethods themselves.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local natives = { pcall, xpcall, error, type, select, unpack, next, rawequal, setmetatable, tostring, coroutine.wrap, coroutine.create, coroutine.resume, coroutine.yield, string.rep, table.sort, ipairs, pairs, assert }
    local names = { "__index", "__newindex", "__call", "__add", "__unm", "__concat", "__eq", "__lt", "__le", "__tostring", "__len", "__mod" }
    for _, f in ipairs(natives) do
      for _, g in ipairs({ pcall, type, error }) do
        local mt = {}
        for _, name in ipairs(names) do mt[name] = f end
        mt.__call = g
        local t, u = setmetatable({}, mt), setmetatable({}, mt)
        pcall(function() return t[t] end)
        pcall(function() t[t] = t end)
        pcall(t, t, t)
        pcall(function() return t + u end)
        pcall(function() return -t end)
        pcall(function() return t .. u .. t end)
        pcall(function() return t == u, t < u, t <= u, t ~= u end)
        pcall(tostring, t)
        pcall(string.format, "%s", t)
        pcall(table.sort, { t, u, t })
        pcall(coroutine.wrap(function() return t[1], t + u, t .. u end))
      end
    end
    return { decision = "allow" }
  end,
}
