return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 3000 do t[i] = "abcdefghijklmnopqrstuvwxyz" end
    return { decision = "allow", output = t }
  end,
}
