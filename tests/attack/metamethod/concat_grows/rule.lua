return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = {}
    mt.__concat = function(a, b) return setmetatable({ a, b, ("x"):rep(1000) }, mt) end
    local t = setmetatable({}, mt)
    while true do t = t .. t end
  end,
}
