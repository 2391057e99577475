-- No cycle, but 2^30 values when it is written out.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for _ = 1, 30 do t = { t, t } end
    return { decision = "allow", output = t }
  end,
}
