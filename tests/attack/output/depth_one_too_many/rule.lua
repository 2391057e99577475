-- One deeper.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = 1
    for _ = 1, 33 do t = { t } end
    return { decision = "allow", output = t }
  end,
}
