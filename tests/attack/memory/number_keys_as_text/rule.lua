-- Numbers become text when they are concatenated: 17 digits each.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 1e9 do t[i] = i / 7 .. "" end
  end,
}
