-- A call copies 7000 arguments, for one bytecode.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7000 do t[i] = i end
    local function f(...) local _ = select("#", ...) return f(...) end
    return f(unpack(t))
  end,
}
