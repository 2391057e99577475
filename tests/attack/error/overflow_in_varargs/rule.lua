-- The stack overflows by arguments: each call passes 200 more.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local list = {}
    for i = 1, 200 do list[i] = i end
    local function f(n, ...) return 1, f(n + 1, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, ...) end
    f(1, unpack(list))
  end,
}
