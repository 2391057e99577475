return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for _ = 1, 1000 do t = { t } end
    return { decision = "allow", output = t }
  end,
}
