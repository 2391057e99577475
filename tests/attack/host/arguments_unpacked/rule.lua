return {
  name      = "hostile",
  reads     = {},
  functions = { "count" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 5000 do t[i] = i end
    host.count(unpack(t))
    return { decision = "allow" }
  end,
}
