-- The result takes longer to write than there is time.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 40 do t["k" .. i] = i end
    for _ = 1, 25 do t = { t, t } end
    return { decision = "allow", output = t }
  end,
}
