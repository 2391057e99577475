-- 32 levels fit by themselves, but not in the map of the result: its bytes could not be read.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for _ = 2, 32 do t = { t } end
    return { decision = "allow", output = t }
  end,
}
