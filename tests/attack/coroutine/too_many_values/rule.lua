-- More values than a coroutine's stack can take, in and out.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7900 do t[i] = i end
    local function wide(n, ...)
      if n == 0 then return ... end
      return wide(n - 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, ...)
    end
    local co = coroutine.create(function(...) return select("#", ...) end)
    pcall(coroutine.resume, co, unpack(t))
    co = coroutine.create(wide)
    pcall(coroutine.resume, co, 400, unpack(t))
    co = coroutine.create(function() return wide(400, unpack(t)) end)
    pcall(coroutine.resume, co)
    return { decision = "allow" }
  end,
}
