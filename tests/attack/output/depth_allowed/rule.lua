-- Tables nested as deep as allowed: 31 within the result itself.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = 1
    for _ = 1, 31 do t = { t } end
    return { decision = "allow", output = t }
  end,
}
