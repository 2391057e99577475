-- Every arithmetic operator's metamethod calls the next one's, round and round.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt, t = {}, nil
    mt.__add = function(a, b) return 1 + (a - b) end
    mt.__sub = function(a, b) return 1 + (a * b) end
    mt.__mul = function(a, b) return 1 + (a / b) end
    mt.__div = function(a, b) return 1 + (a % b) end
    mt.__mod = function(a, b) return 1 + (a ^ b) end
    mt.__pow = function(a, b) return 1 + (a + b) end
    t = setmetatable({}, mt)
    return t + t
  end,
}
